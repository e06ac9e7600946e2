//! The paper's data: ACE 2005 and MAVEN, with pre-training on a folder of parsed news.

use anyhow::{Context as _, Result, ensure};
use plm_core::data::{Lines, open};
use plm_core::rng::Seed;
use plm_event_contrast::amr::AlignedGraph;
use plm_event_contrast::data::{EventDocument, read_hmeae, read_maven};
use plm_event_contrast::pairs::{PairSettings, PairSource};
use plm_event_contrast::penman::{Reader, Strictness};
use plm_event_contrast::text::ContrastSentence;

use super::lab::Lab;
use super::recipe::PAPER;
use super::sentences::Sentences;
use super::study::{Run, shares};
use super::supervised::{Extent, Parts, System, curve};
use super::{pretrain, read, report};
use crate::repro::{Context, Outcome};

/// The longest file of ACE 2005 that is read.
const LIMIT: usize = 1 << 30;

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let (model, graphs) = (context.folder("model")?, context.folder("graphs")?);
    let (mut sets, mut remarks) = (Vec::new(), Vec::new());
    if context.settings.given("ace").is_some() {
        let folder = context.folder("ace")?;
        let mut read = |name: &str| -> Result<Vec<EventDocument>> {
            let path = folder.join(name);
            let (documents, report) = read_hmeae(open(&path)?, &path, LIMIT)?;
            remarks.push(read::remark(&format!("ace, {name}"), &report));
            Ok(documents)
        };
        sets.push(("ace", true, [read("train.json")?, read("test.json")?]));
    }
    if context.settings.given("maven").is_some() {
        let folder = context.folder("maven")?;
        let mut read = |name: &str| -> Result<Vec<EventDocument>> {
            let path = folder.join(name);
            let mut reader = read_maven(Lines::new(open(&path)?, &path));
            let documents = reader.by_ref();
            let documents = documents.collect::<plm_event_contrast::Result<Vec<_>>>()?;
            remarks.push(read::remark(&format!("maven, {name}"), reader.report()));
            Ok(documents.iter().flat_map(read::by_sentence).collect())
        };
        sets.push(("maven", false, [read("train.jsonl")?, read("valid.jsonl")?]));
    }
    let layers = context.settings.get("layers", 0)?;
    let lab = Lab::load(context, &model, layers, 128, &PAPER)?;
    let graphs = aligned(&graphs)?;
    let pairs = PairSource::Amr(&graphs, PairSettings::default()).pairs();
    let sentences = ContrastSentence::all(&lab.spans, &pairs)?;
    let shares = shares(context, &[1.0])?;
    let contrast = lab.recipe.contrast;
    let mut runs: Vec<Vec<Run>> = sets.iter().map(|_| Vec::new()).collect();
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let none = lab.encoder(&contrast, seed.child("maps"));
        let text = pretrain::text(&lab, &sentences, &contrast, seed)?;
        let systems = [("none", &none), ("text", &text)].map(|(name, model)| System {
            name,
            parts: Parts::of(Some(model), None),
            extent: Extent::Whole,
        });
        for ((_, arguments, parts), runs) in sets.iter().zip(&mut runs) {
            let [train, test] = parts.clone().map(|documents| Sentences {
                documents,
                graphs: None,
            });
            let mut run = Run::default();
            curve(
                &lab,
                [&train, &test],
                *arguments,
                &systems,
                &shares,
                seed,
                &mut run,
            )?;
            runs.push(run);
        }
    }
    for ((name, ..), runs) in sets.iter().zip(&runs) {
        report::rows(name, runs, &mut outcome)?;
    }
    for row in &mut outcome.rows {
        if let Some((figure, source)) = published(&row.id) {
            *row = row.clone().published(figure, source);
        }
    }
    outcome.notes.extend(remarks);
    outcome.notes.push(
        "Published figures are of text and graph encoder together, on RoBERTa-large; here the text encoder is \
         fine-tuned alone, as these sets come without graphs. Candidates of detection are the triggers and the \
         negative triggers of the data; MAVEN is scored on its validation part."
            .to_owned(),
    );
    outcome.notes.push(
        "Rules of pairs, loss, rates, epochs and steps are those of the authors' code and README. Other than \
         there, a batch of pre-training has 40 sentences and not 40 pairs, word embeddings are not fine-tuned, \
         markers are reserved tokens of a BERT, arguments and detection have the same seed, and there is no graph \
         encoder."
            .to_owned(),
    );
    Ok(outcome)
}

/// The published figure of a row.
fn published(id: &str) -> Option<(f64, &'static str)> {
    match id {
        "ace.detection.text.100" => Some((0.798, "2105.14485, ACE 2005, text and graph")),
        "ace.arguments.text.100" => Some((0.611, "2105.14485, ACE 2005, from memory")),
        "maven.detection.text.100" => {
            Some((0.685, "2105.14485 as quoted by UniST, MAVEN test set"))
        }
        _ => None,
    }
}

/// The graphs in all `*.txt` of a folder; what cannot be read is left out.
fn aligned(folder: &std::path::Path) -> Result<Vec<AlignedGraph>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|end| end == "txt"));
    paths.sort();
    let mut graphs = Vec::new();
    for path in paths {
        let reader = Reader::<_, AlignedGraph>::new(open(&path)?, &path);
        for graph in reader.with_strictness(Strictness::Lenient) {
            graphs.push(graph?);
        }
    }
    ensure!(!graphs.is_empty(), "{}: no graph", folder.display());
    Ok(graphs)
}
