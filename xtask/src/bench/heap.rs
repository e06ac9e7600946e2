//! How much a piece of work allocates at most.

use anyhow::Result;
use peak_alloc::PeakAlloc;

/// Counts what the program allocates. The size of the process would not do: a freed page stays with it,
/// and later work that needs no more than earlier work seems to need nothing.
#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// By how many MiB the heap grows, at most, while `work` runs.
///
/// # Errors
/// Those of `work`.
pub(super) fn peak_heap_while(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    const MIB: f64 = 1024.0 * 1024.0;
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    work()?;
    Ok((HEAP.peak_usage().saturating_sub(before)) as f64 / MIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_counts_and_what_was_there_does_not() {
        let held = vec![1_u8; 64 << 20];
        let grown = peak_heap_while(|| {
            let first = vec![1_u8; 24 << 20];
            drop(std::hint::black_box(first));
            let second = vec![1_u8; 16 << 20];
            drop(std::hint::black_box(second));
            Ok(())
        });
        let grown = grown.unwrap();
        drop(std::hint::black_box(held));
        // Other tests of this process allocate too.
        assert!((23.9..40.0).contains(&grown), "{grown}");
    }
}
