//! Hierarchies, knowledge graphs and parallel texts, plain or gzipped, and tables of completion.

#![no_main]

use std::collections::BTreeSet;
use std::fs;

use libfuzzer_sys::fuzz_target;
use plm_fuzz::{file, kind, parts, subfolder};
use plm_lorentz::data::hierarchy::{Hierarchy, read_hierarchy};
use plm_lorentz::data::kg::{KnowledgeGraph, read_openke, read_text_triples};
use plm_lorentz::data::{ParallelLines, read_parallel};
use plm_lorentz::task::kg::CompletionTables;

fn names(hierarchy: &Hierarchy) -> BTreeSet<(&str, &str)> {
    let name = |number: u32| hierarchy.names()[number as usize].as_str();
    hierarchy.pairs().map(|(a, b)| (name(a), name(b))).collect()
}

fn hierarchy(file_name: &str, bytes: &[u8]) {
    let Ok(found) = read_hierarchy(file(file_name, bytes)) else {
        return;
    };
    // Ends of lines and a mark of the order of bytes are no part of a name that starts or ends a file.
    if found
        .names()
        .iter()
        .any(|name| name.contains(['\r', '\u{feff}']))
    {
        return;
    }
    let lines = names(&found)
        .into_iter()
        .map(|(a, b)| format!("{a}\t{b}\n"));
    let again = read_hierarchy(file("written.tsv", lines.collect::<String>().as_bytes())).unwrap();
    assert_eq!(names(&again), names(&found));
}

fn check(graph: &KnowledgeGraph) {
    let (entities, relations) = (graph.entities().len(), graph.relations().len());
    for triple in graph.all() {
        assert!((triple.head as usize) < entities && (triple.tail as usize) < entities);
        assert!((triple.relation as usize) < relations);
    }
}

fn parallel(bytes: &[u8]) {
    let [source, target] = parts(bytes);
    let found: Vec<_> = ParallelLines::new((source, "a"), (target, "b")).collect();
    assert!(found.len() <= source.len().max(target.len()) + 1);
    let read = found.iter().flatten();
    let size: usize = read.map(|pair| pair.source.len() + pair.target.len()).sum();
    assert!(size <= source.len() + target.len());
    let both = read_parallel(file("source", source), file("target", target));
    if source.starts_with(&[0x1f, 0x8b]) || target.starts_with(&[0x1f, 0x8b]) {
        return;
    }
    assert_eq!(both.is_ok(), found.iter().all(Result::is_ok));
}

fn tables(bytes: &[u8]) {
    let Ok(found) = CompletionTables::<f32>::load(file("tables.safetensors", bytes)) else {
        return;
    };
    let written = file("written.safetensors", b"");
    found.save(&written).unwrap();
    assert_eq!(CompletionTables::<f32>::load(written).unwrap(), found);
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    match kind % 7 {
        0 => hierarchy("hierarchy.tsv", bytes),
        1 => hierarchy("hierarchy.tsv.gz", bytes),
        2 => {
            let folder = subfolder("text");
            let contents: [&[u8]; 3] = parts(bytes);
            for (name, content) in ["train", "valid", "test"].iter().zip(contents) {
                fs::write(folder.join(name).with_extension("txt"), content).unwrap();
            }
            if let Ok(graph) = read_text_triples(folder) {
                check(&graph);
            }
        }
        3 => {
            let folder = subfolder("openke");
            let contents: [&[u8]; 5] = parts(bytes);
            let names = [
                "entity2id",
                "relation2id",
                "train2id",
                "valid2id",
                "test2id",
            ];
            for (name, content) in names.iter().zip(contents) {
                fs::write(folder.join(name).with_extension("txt"), content).unwrap();
            }
            if let Ok(graph) = read_openke(folder) {
                check(&graph);
            }
        }
        4 => parallel(bytes),
        5 => drop(read_parallel(file("source", bytes), file("target", bytes))),
        _ => tables(bytes),
    }
});
