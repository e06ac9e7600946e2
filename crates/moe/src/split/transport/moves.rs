//! Which rows each column has, and what it costs to move one of them.

/// How many rows, or sets of rows, have their least costs kept together.
const FAN: usize = 32;

/// The rows of every column, with the least cost of moving one of them to every other column.
///
/// A column with many rows keeps a tree of least costs, over blocks of rows, blocks of blocks and so
/// on, so that few costs are read again when one row leaves or comes.
pub(super) struct Moves<'a> {
    costs: &'a [f32],
    columns: usize,
    owners: Vec<u32>,
    members: Vec<Vec<u32>>,
    /// For each column the levels of its tree, from the rows up: least costs of moving a row of a
    /// block, `[blocks, columns]`. The topmost has at most `FAN` blocks; columns of so few rows have
    /// no tree.
    trees: Vec<Vec<Vec<f64>>>,
    /// Least cost of moving a row from one column to another, `[columns, columns]`.
    least: Vec<f64>,
}

impl<'a> Moves<'a> {
    /// Rows with their costs, `[rows, columns]`, where row `n` is in column `owners[n]`.
    pub(super) fn new(costs: &'a [f32], columns: usize, owners: Vec<u32>) -> Self {
        let mut members = vec![Vec::new(); columns];
        for (row, &owner) in owners.iter().enumerate() {
            members[owner as usize].push(row as u32);
        }
        let mut moves = Self {
            costs,
            columns,
            owners,
            members,
            trees: vec![Vec::new(); columns],
            least: vec![f64::INFINITY; columns * columns],
        };
        for column in 0..columns {
            moves.update(column, (0..moves.count(column)).collect());
        }
        moves
    }

    /// Number of rows in a column.
    pub(super) fn count(&self, column: usize) -> usize {
        self.members[column].len()
    }

    /// The least costs of moving one of a column's rows to each column; infinite if it has none.
    pub(super) fn cheapest_from(&self, column: usize) -> &[f64] {
        &self.least[column * self.columns..][..self.columns]
    }

    /// The column of each row.
    pub(super) fn into_owners(self) -> Vec<u32> {
        self.owners
    }

    /// Moves one row from each column of `chain` to the next, the cheapest ones.
    pub(super) fn shift(&mut self, chain: &[usize]) {
        let slots: Vec<usize> = chain
            .windows(2)
            .map(|step| self.cheapest_slot(step[0], step[1]))
            .collect();
        // The row that leaves a column makes room for the one that comes.
        let mut coming = None;
        for (&column, &slot) in chain.iter().zip(&slots) {
            let (leaving, changed) = match coming {
                Some(row) => {
                    self.owners[row as usize] = column as u32;
                    let place = &mut self.members[column][slot];
                    (std::mem::replace(place, row), vec![slot])
                }
                None => {
                    let leaving = self.members[column].swap_remove(slot);
                    (leaving, vec![slot, self.count(column)])
                }
            };
            self.update(column, changed);
            coming = Some(leaving);
        }
        if let (Some(row), Some(&column)) = (coming, chain.last()) {
            self.owners[row as usize] = column as u32;
            self.members[column].push(row);
            self.update(column, vec![self.count(column) - 1]);
        }
    }

    /// The place of a row of `from` that is cheapest to move to column `to`.
    fn cheapest_slot(&self, from: usize, to: usize) -> usize {
        let columns = self.columns;
        let least = self.least[from * columns + to];
        // From the root of the tree down, the first entry that has the least cost.
        let mut start = 0;
        for level in self.trees[from].iter().rev() {
            let entries = level[start * columns..].chunks_exact(columns);
            start += first(entries.map(|entry| entry[to]), least);
            start *= FAN;
        }
        let rows = self.members[from][start..].iter();
        let costs = rows.map(|&row| {
            let costs = &self.costs[row as usize * columns..];
            f64::from(costs[to]) - f64::from(costs[from])
        });
        start + first(costs, least)
    }

    /// Brings a column's least costs up to date after changes of the rows at some places.
    fn update(&mut self, column: usize, mut changed: Vec<usize>) {
        let (columns, members) = (self.columns, &self.members[column]);
        let mut depth = 0;
        let mut entries = members.len();
        while entries > FAN {
            entries = entries.div_ceil(FAN);
            depth += 1;
        }
        let tree = &mut self.trees[column];
        if tree.len() != depth {
            tree.resize(depth, Vec::new());
            changed = (0..members.len()).collect();
        }
        let mut entries = members.len();
        for height in 0..depth {
            entries = entries.div_ceil(FAN);
            changed.iter_mut().for_each(|entry| *entry /= FAN);
            changed.dedup();
            let (below, level) = tree.split_at_mut(height);
            level[0].resize(entries * columns, f64::INFINITY);
            // A block that has become empty is gone, but those above it change all the same.
            for &block in changed.iter().filter(|&&block| block < entries) {
                let out = &mut level[0][block * columns..][..columns];
                match below.last() {
                    None => {
                        let rows = &members[block * FAN..];
                        least_of_rows(self.costs, column, &rows[..rows.len().min(FAN)], out);
                    }
                    Some(below) => {
                        let blocks = &below[block * FAN * columns..];
                        least_of_blocks(&blocks[..blocks.len().min(FAN * columns)], out);
                    }
                }
            }
        }
        let least = &mut self.least[column * columns..][..columns];
        match tree.last() {
            None => least_of_rows(self.costs, column, members, least),
            Some(level) => least_of_blocks(level, least),
        }
    }
}

/// The place of the first cost that is `least`.
fn first(mut costs: impl Iterator<Item = f64>, least: f64) -> usize {
    costs.position(|cost| cost == least).unwrap_or(0)
}

/// The least cost of moving one of `rows` from `column` to every column.
fn least_of_rows(costs: &[f32], column: usize, rows: &[u32], out: &mut [f64]) {
    out.fill(f64::INFINITY);
    for &row in rows {
        let costs = &costs[row as usize * out.len()..][..out.len()];
        let here = f64::from(costs[column]);
        for (least, &cost) in out.iter_mut().zip(costs) {
            let cost = f64::from(cost) - here;
            *least = if cost < *least { cost } else { *least };
        }
    }
}

/// The least costs over some blocks.
fn least_of_blocks(blocks: &[f64], out: &mut [f64]) {
    out.fill(f64::INFINITY);
    for block in blocks.chunks_exact(out.len()) {
        for (least, &cost) in out.iter_mut().zip(block) {
            *least = if cost < *least { cost } else { *least };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_costs_follow_every_shift() {
        let (rows, columns) = (2500, 3);
        let costs: Vec<f32> = crate::generator::splitmix64(3)
            .take(rows * columns)
            .map(|draw| (draw % 1000) as f32)
            .collect();
        let owners = (0..rows).map(|row| (row * row % 7 / 3) as u32).collect();
        let mut moves = Moves::new(&costs, columns, owners);
        // Columns shrink to nothing and grow over several blocks.
        let chains = [
            vec![0, 1],
            vec![0, 1, 2],
            vec![2, 1],
            vec![1, 0, 2],
            vec![0, 2],
        ];
        for chain in chains.iter().cycle().take(3000) {
            if chain[..chain.len() - 1]
                .iter()
                .any(|&column| moves.count(column) == 0)
            {
                continue;
            }
            moves.shift(chain);
            let fresh = Moves::new(&costs, columns, moves.owners.clone());
            assert_eq!(moves.least, fresh.least);
            for column in 0..columns {
                assert_eq!(moves.count(column), fresh.count(column));
            }
        }
        assert_eq!(moves.into_owners().len(), rows);
    }
}
