//! What the fuzz targets share: files, parts of an input, a limit on memory.

pub mod graphs;

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, OnceLock};

use tempfile::TempDir;

/// The largest block that a reader may ask for. Inputs have a few kB, and what is compressed may
/// expand to some hundred times its size.
const BLOCK_LIMIT: usize = 16 << 20;

/// The system's allocator, which stops the program where a block is larger than an input can need.
struct Bounded;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

// SAFETY: every call goes to the system's allocator as it is, and the check does not unwind.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        check(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        check(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        check(size);
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, layout) }
    }
}

fn check(size: usize) {
    if size > BLOCK_LIMIT {
        let stack = std::backtrace::Backtrace::force_capture();
        eprintln!("a block of {size} bytes was asked for\n{stack}");
        std::process::abort();
    }
}

/// Runs `body` where the code under test catches panics of another crate: only one that leaves `body`
/// stops the program.
pub fn catching(body: impl FnOnce()) {
    static HOOK: Once = Once::new();
    static LAST: Mutex<String> = Mutex::new(String::new());
    HOOK.call_once(|| {
        panic::set_hook(Box::new(|info| {
            *LAST.lock().expect("no panic while it is held") = info.to_string();
        }));
    });
    if panic::catch_unwind(AssertUnwindSafe(body)).is_err() {
        eprintln!("{}", LAST.lock().expect("no panic while it is held"));
        std::process::abort();
    }
}

/// The folder of this process.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| tempfile::tempdir().expect("a folder for files"))
        .path()
}

/// A folder called `name` in the folder of this process.
pub fn subfolder(name: &str) -> PathBuf {
    let path = folder().join(name);
    fs::create_dir_all(&path).expect("a folder for files");
    path
}

/// Writes `bytes` into the file `name` of the folder of this process.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    fs::write(&path, bytes).expect("a file for the input");
    path
}

/// `bytes` cut at their first zeros; what is missing is empty.
pub fn parts<const N: usize>(bytes: &[u8]) -> [&[u8]; N] {
    let mut parts = bytes.splitn(N, |&byte| byte == 0);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// The first byte, which says what the others are, and the others.
pub fn kind(bytes: &[u8]) -> (u8, &[u8]) {
    bytes
        .split_first()
        .map_or((0, bytes), |(&kind, rest)| (kind, rest))
}

/// A zip archive of files that are stored as they are.
pub fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in files {
        writer.start_file(*name, options).expect("a name");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

/// SHA-256 of `bytes` in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
