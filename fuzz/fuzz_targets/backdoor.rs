//! Samples, manifests of poisoned data and defenses: all come back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_backdoor::Sample;
use plm_backdoor::data::{ColumnReader, Dataset, TsvReader, read_tsv, write_tsv};
use plm_backdoor::defense::rap::RapDefense;
use plm_backdoor::manifest::Manifest;
use plm_core::data::{Lines, Table, TableFormat};
use plm_fuzz::{file, folder, kind};

fn write_again(samples: Vec<Sample>) {
    let path = folder().join("written.tsv");
    if !samples.is_empty() && write_tsv(&path, &samples).is_ok() {
        assert_eq!(read_tsv(&path, true, 2).unwrap().samples(), samples);
    }
}

fn manifest(bytes: &[u8]) {
    let Ok(manifest) = Manifest::from_reader(bytes, "m.json") else {
        return;
    };
    let clean = vec![Sample::new("a b", 0), Sample::new("c d", 1)];
    let _ = manifest.replay(&Dataset::new(clean, 2).unwrap());
    let path = folder().join("written.json");
    manifest.write(&path).unwrap();
    let again = Manifest::read(&path).unwrap();
    // Shares are rounded in reading.
    assert_eq!(again.made(), manifest.made());
}

fn defense(bytes: &[u8]) {
    let Ok(defense) = RapDefense::from_reader(bytes, "d.json") else {
        return;
    };
    let path = folder().join("written.json");
    defense.write(&path).unwrap();
    let again = RapDefense::read(&path).unwrap();
    // Thresholds are rounded in reading.
    for (one, two) in defense.protected().iter().zip(again.protected()) {
        assert_eq!(one.made.patch.ids, two.made.patch.ids);
        assert_eq!(one.max_length, two.max_length);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    match kind % 4 {
        0 => {
            manifest(bytes);
            defense(bytes);
        }
        1 => {
            let reader = TsvReader::new(Lines::new(bytes, "f"), 2).with_header(kind & 4 != 0);
            let found: Vec<_> = reader.collect();
            let count = bytes.split(|&byte| byte == b'\n').count();
            assert!(found.len() <= count);
            write_again(found.into_iter().flatten().collect());
        }
        2 => drop(read_tsv(file("samples.tsv", bytes), kind & 4 != 0, 2)),
        _ => {
            let format = [TableFormat::tsv(), TableFormat::csv()][usize::from(kind >> 2 & 1)];
            let Ok(table) = Table::new(bytes, "f", format) else {
                return;
            };
            let classes = [("0", 0), ("NOT", 0), ("1", 1), ("OFF", 1)];
            if let Ok(reader) = ColumnReader::new(table, "text", "label", classes) {
                write_again(reader.flatten().collect());
            }
        }
    }
});
