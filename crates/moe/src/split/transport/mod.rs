//! The cheapest way to give every row to a column where each column takes equally many.
//!
//! Copying each column as often as it takes rows makes this a linear assignment problem, whose
//! usual solvers need a matrix of rows x rows. Here there are few columns, so shortest paths run
//! over the columns alone, as in the successive shortest paths of Edmonds and Karp (1972):
//!
//! - Every column has a price. First each row goes to the column where cost plus price are least,
//!   which is optimal but leaves some columns with too many rows and others with too few.
//! - Moving a row from column a to column b costs the least `cost[row][b] - cost[row][a]` of the
//!   rows in a. A cheapest chain of such moves takes one row out of the columns that have too many
//!   and brings one to a column that has too few; there are as many chains as rows too many.
//! - After each chain prices rise so that every row still is where cost plus price are least, which
//!   proves that no other assignment is cheaper.

mod moves;

use rayon::prelude::*;

use moves::Moves;

/// Gives each of the rows of `costs` to a column, at the least total cost for which every column
/// has the same number of rows.
///
/// Exact up to rounding in `f64`. With F rows, E columns and m rows too many after the first step,
/// at most F here and usually a small part of it, the time is O(F · E + m · E²) and the memory
/// besides the costs 8 · E · (E + F / 31) bytes.
///
/// `prices` are those to start from, any finite numbers; the closer they are to the final ones, which
/// take their place, the fewer chains are needed.
///
/// # Shapes
/// - costs: `[F, E]`, finite numbers; F must be a multiple of E
/// - prices: `[E]`
/// - result: the column of each row, `[F]`
pub(super) fn assign(costs: &[f32], prices: &mut [f64]) -> Vec<u32> {
    let columns = prices.len();
    let wanted = costs.len() / columns / columns;
    let nearest: Vec<u32> = costs
        .par_chunks_exact(columns)
        .map(|costs| cheapest(costs, prices))
        .collect();
    let mut moves = Moves::new(costs, columns, nearest);
    let mut search = Search::new(columns);
    while let Some(sink) = search.run(&moves, prices, wanted) {
        moves.shift(&search.chain(sink));
        for &column in &search.reached {
            let column = column as usize;
            prices[column] += search.distances[sink] - search.distances[column];
        }
    }
    let least = prices.iter().copied().fold(f64::INFINITY, f64::min);
    prices.iter_mut().for_each(|price| *price -= least);
    moves.into_owners()
}

/// The first column with the least cost plus price.
fn cheapest(costs: &[f32], prices: &[f64]) -> u32 {
    let (mut best, mut least) = (0, f64::INFINITY);
    for (column, (&cost, price)) in costs.iter().zip(prices).enumerate() {
        let total = f64::from(cost) + price;
        if total < least {
            (best, least) = (column, total);
        }
    }
    best as u32
}

/// Marks a column that a chain starts from.
const START: u32 = u32::MAX;

/// Dijkstra's algorithm from all columns with too many rows to the nearest one with too few.
struct Search {
    distances: Vec<f64>,
    /// The distances of columns that are not reached yet, infinite for the others.
    open: Vec<f64>,
    /// Columns with too few rows.
    sinks: Vec<usize>,
    /// The column before each on its shortest path.
    before: Vec<u32>,
    /// Columns in the order in which they were reached, without the last.
    reached: Vec<u32>,
}

impl Search {
    fn new(columns: usize) -> Self {
        Self {
            distances: vec![0.0; columns],
            open: vec![0.0; columns],
            sinks: Vec::with_capacity(columns),
            before: vec![START; columns],
            reached: Vec::with_capacity(columns),
        }
    }

    /// The nearest column with fewer than `wanted` rows; none if all columns have that many.
    fn run(&mut self, moves: &Moves<'_>, prices: &[f64], wanted: usize) -> Option<usize> {
        self.before.fill(START);
        self.reached.clear();
        self.sinks.clear();
        self.sinks
            .extend((0..prices.len()).filter(|&column| moves.count(column) < wanted));
        for (column, distance) in self.distances.iter_mut().enumerate() {
            *distance = match moves.count(column) > wanted {
                true => 0.0,
                false => f64::INFINITY,
            };
        }
        self.open.copy_from_slice(&self.distances);
        loop {
            let (column, distance) = least(&self.open);
            if distance == f64::INFINITY {
                return None;
            }
            // Of columns that are equally near, one with room saves going through the others.
            if let Some(&sink) = self.sinks.iter().find(|&&sink| self.open[sink] == distance) {
                return Some(sink);
            }
            self.open[column] = f64::INFINITY;
            self.reached.push(column as u32);
            let steps = moves.cheapest_from(column).iter().zip(prices);
            let nodes = self
                .distances
                .iter_mut()
                .zip(&mut self.open)
                .zip(&mut self.before);
            for ((step, price), ((known, open), before)) in steps.zip(nodes) {
                // Prices keep this from going below zero by more than a rounding error.
                let through = distance + (step + (price - prices[column])).max(0.0);
                // Never true for columns that were reached, the nearest come first.
                let nearer = through < *known;
                *known = if nearer { through } else { *known };
                *open = if nearer { through } else { *open };
                *before = if nearer { column as u32 } else { *before };
            }
        }
    }

    /// The columns of the path to `sink`, first to last.
    fn chain(&self, sink: usize) -> Vec<usize> {
        let mut chain = vec![sink];
        let mut column = self.before[sink];
        while column != START {
            chain.push(column as usize);
            column = self.before[column as usize];
        }
        chain.reverse();
        chain
    }
}

/// The place and value of the least number.
fn least(values: &[f64]) -> (usize, f64) {
    let (blocks, rest) = values.as_chunks::<8>();
    let mut lanes = [f64::INFINITY; 8];
    for block in blocks {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane = if value < *lane { value } else { *lane };
        }
    }
    let least = lanes
        .iter()
        .chain(rest)
        .copied()
        .fold(f64::INFINITY, f64::min);
    let place = values.iter().position(|&value| value == least);
    (place.unwrap_or(0), least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pathfinding::prelude::{Matrix, kuhn_munkres_min};
    use proptest::prelude::*;

    fn total(costs: &[f32], columns: usize, owners: &[u32]) -> f64 {
        costs
            .chunks_exact(columns)
            .zip(owners)
            .map(|(costs, &owner)| f64::from(costs[owner as usize]))
            .sum()
    }

    fn check_even(owners: &[u32], columns: usize) {
        let mut counts = vec![0; columns];
        owners.iter().for_each(|&owner| counts[owner as usize] += 1);
        assert!(counts.iter().all(|&count| count == owners.len() / columns));
    }

    /// The least total over all even assignments, one by one.
    fn by_trying_all(costs: &[f32], columns: usize, free: &mut [usize]) -> f64 {
        if costs.is_empty() {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for column in 0..columns {
            if free[column] > 0 {
                free[column] -= 1;
                let rest = by_trying_all(&costs[columns..], columns, free);
                best = best.min(rest + f64::from(costs[column]));
                free[column] += 1;
            }
        }
        best
    }

    #[test]
    fn every_even_assignment_of_a_line_by_hand() {
        // Points 0, 1, 2, 3, 10, 11 and centers 1.5, 10.5: the point 3 has to go to the far center.
        let costs: Vec<f32> = [0.0_f32, 1.0, 2.0, 3.0, 10.0, 11.0]
            .iter()
            .flat_map(|x| [(x - 1.5) * (x - 1.5), (x - 10.5) * (x - 10.5)])
            .collect();
        assert_eq!(assign(&costs, &mut [0.0; 2]), [0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn equal_costs_and_single_columns_work() {
        for (rows, columns) in [(1, 1), (5, 1), (6, 6), (12, 4), (300, 3)] {
            let owners = assign(&vec![2.5; rows * columns], &mut vec![0.0; columns]);
            check_even(&owners, columns);
        }
    }

    #[test]
    fn prices_prove_that_a_crowded_column_was_emptied_best() {
        let (rows, columns) = (6000, 12);
        let draws = crate::generator::splitmix64(8).take(rows * columns);
        let costs: Vec<f32> = draws
            .enumerate()
            .map(|(place, draw)| (draw % 4000) as f32 / 8.0 + (place % columns).pow(3) as f32)
            .collect();
        let mut prices = vec![0.0; columns];
        let owners = assign(&costs, &mut prices);
        check_even(&owners, columns);
        for (costs, &owner) in costs.chunks_exact(columns).zip(&owners) {
            let total = |column: usize| f64::from(costs[column]) + prices[column];
            let best = (0..columns).map(total).fold(f64::INFINITY, f64::min);
            assert!(total(owner as usize) <= best + 1e-9);
        }
    }

    proptest! {
        #[test]
        fn no_even_assignment_is_cheaper(
            columns in 1_usize..4,
            wanted in 1_usize..4,
            numbers in prop::collection::vec(-20_i16..20, 27),
            prices in prop::collection::vec(-9.0..9.0_f64, 3),
        ) {
            let costs: Vec<f32> = numbers[..].iter().cycle().take(columns * columns * wanted)
                .enumerate().map(|(i, &n)| f32::from(n) + (i % 5) as f32).collect();
            let best = by_trying_all(&costs, columns, &mut vec![wanted; columns]);
            let owners = assign(&costs, &mut prices[..columns].to_vec());
            check_even(&owners, columns);
            prop_assert_eq!(total(&costs, columns, &owners), best);
        }

        #[test]
        fn totals_are_those_of_the_hungarian_method(
            columns in 1_usize..12,
            wanted in 1_usize..70,
            seed in any::<u64>(),
            // Small ranges give many ties.
            range in prop::sample::select(vec![2_u64, 10, 1000, 1 << 20]),
        ) {
            let wanted = wanted.min(160 / columns);
            let rows = columns * wanted;
            let numbers: Vec<i64> = crate::generator::splitmix64(seed)
                .take(rows * columns).map(|draw| (draw % range) as i64).collect();
            let costs: Vec<f32> = numbers.iter().map(|&n| n as f32).collect();
            let square = Matrix::from_fn(rows, rows, |(row, copy)| numbers[row * columns + copy / wanted]);
            let (best, _) = kuhn_munkres_min(&square);
            let mut prices = vec![0.0; columns];
            let owners = assign(&costs, &mut prices);
            check_even(&owners, columns);
            prop_assert_eq!(total(&costs, columns, &owners), best as f64);
            // The final prices are right at once.
            let again = assign(&costs, &mut prices);
            prop_assert_eq!(total(&costs, columns, &again), best as f64);
        }
    }
}
