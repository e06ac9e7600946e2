//! Which places of a list hold a number.

/// The places of each number in a list, in ascending order.
#[derive(Debug, Default)]
pub(super) struct Incidence {
    offsets: Vec<u32>,
    places: Vec<u32>,
}

impl Incidence {
    /// That of `numbers`, all below `count`; fewer than 2³² of them.
    pub(super) fn fill(&mut self, numbers: &[u32], count: usize) {
        // Counts stand two places ahead, so that the second loop leaves the offsets in place.
        self.offsets.clear();
        self.offsets.resize(count + 2, 0);
        for &number in numbers {
            self.offsets[number as usize + 2] += 1;
        }
        for at in 2..self.offsets.len() {
            self.offsets[at] += self.offsets[at - 1];
        }
        self.places.resize(numbers.len(), 0);
        for (place, &number) in numbers.iter().enumerate() {
            let next = &mut self.offsets[number as usize + 1];
            self.places[*next as usize] = place as u32;
            *next += 1;
        }
    }

    /// The places of `number`.
    pub(super) fn of(&self, number: usize) -> &[u32] {
        &self.places[self.offsets[number] as usize..self.offsets[number + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_are_found(lists in prop::collection::vec(prop::collection::vec(0..9_u32, 0..30), 1..4)) {
            let mut incidence = Incidence::default();
            for numbers in lists {
                incidence.fill(&numbers, 9);
                for number in 0..9 {
                    let places: Vec<u32> = (0..numbers.len() as u32)
                        .filter(|place| numbers[*place as usize] == number)
                        .collect();
                    prop_assert_eq!(incidence.of(number as usize), places);
                }
            }
        }
    }
}
