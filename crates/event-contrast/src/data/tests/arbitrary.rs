//! Arbitrary bytes: every reader ends, none panics, and what it gives is consistent.

use plm_core::data::Lines;
use proptest::prelude::*;

use crate::data::*;

/// Bytes, mostly those that the formats give a meaning.
fn bytes(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(pieces).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

const STANDOFF: &[&str] = &[
    "T1\t",
    "T2\t",
    "E1\t",
    "E2\t",
    "R1\t",
    "M1\t",
    "A1\t",
    "*\t",
    "#\t",
    "EVENT ",
    "Equiv ",
    "X ",
    "0 ",
    "1 ",
    "3;",
    "4 ",
    "99 ",
    "X:T1 ",
    "Theme:E1 ",
    "Theme:E2 ",
    "T2 ",
    "E1 ",
    "\t",
    "\n",
    "\n",
    "\r\n",
    "é",
    " . ",
];

const XML: &[&str] = &[
    "<Document doc_name=\"d\">",
    "</Document>",
    "<token t_id=\"1\" sentence=\"0\" number=\"0\">a</token>",
    "<token t_id=\"2\" sentence=\"1\" number=\"0\">b</token>",
    "<Markables>",
    "</Markables>",
    "<ACTION_OCCURRENCE m_id=\"1\">",
    "</ACTION_OCCURRENCE>",
    "<token_anchor t_id=\"1\"/>",
    "<token_anchor t_id=\"2\"/>",
    "<Relations>",
    "</Relations>",
    "<CROSS_DOC_COREF note=\"n\"><source m_id=\"1\"/></CROSS_DOC_COREF>",
    "&amp;",
    "<",
    ">",
    "<!--",
    "-->",
    "<![CDATA[",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>",
];

/// A number near the lengths of the texts below.
fn number() -> impl Strategy<Value = usize> {
    prop_oneof![0..12_usize, Just(usize::MAX)]
}

fn check(documents: impl IntoIterator<Item = EventDocument>) {
    for document in documents {
        document.validate().unwrap();
    }
}

proptest! {
    #[test]
    fn lines_of_anything(bytes in bytes(&["{", "}", "[", "]", "\"id\":", "\"text\":", "\"\"", ",",
        "\"events\":", "0", "\n", "{\"id\":\"\",\"text\":\"a b\",\"events\":[",
        "{\"sentences\":[[\"a\"]],\"events\":[[", "[[0,\"T\"]]", "null"])) {
        let lines = || Lines::new(bytes.as_slice(), "f");
        for reader in [
            read_maven(lines()),
            read_maven_arg(lines()),
            read_unified(lines()),
            read_dygie_events(lines()),
        ] {
            let found: Vec<_> = reader.take(bytes.len() + 2).collect();
            prop_assert!(found.len() < bytes.len() + 2);
            check(found.into_iter().flatten());
        }
        if let Ok((documents, _)) = read_hmeae(bytes.as_slice(), "f", 1 << 20) {
            check(documents);
        }
    }

    #[test]
    fn standoff_of_anything(text in bytes(&["a", "é", " ", ".", "\n", "B", "5", "(", ")"]),
        one in bytes(STANDOFF), two in bytes(STANDOFF)) {
        let lines = |bytes| Lines::new(bytes, "f");
        let found = read_bionlp("d", &text[..], "t", lines(&one[..]), Some(lines(&two[..])));
        check(found.map(|found| found.0));
        let found = read_litbank("d", &text[..], "t", lines(&one[..]), Some(lines(&two[..])));
        check(found.map(|found| found.0));
        let layout = StandoffLayout { triggers: vec!["X".into()], ..StandoffLayout::default() };
        check(read_standoff("d", &text[..], "t", [lines(&one[..])], &layout).map(|found| found.0));
        let found = read_litbank_tsv("d", lines(&one[..]));
        check(found.map(|found| found.0));
        let _ = read_ecb_sentences(&one[..], "f");
    }

    #[test]
    fn xml_of_anything(bytes in bytes(XML), limit in prop_oneof![0..64_usize, Just(1 << 20)]) {
        check(read_ecb(&bytes[..], "f", limit).map(|found| found.0));
        let whole = [&b"<Document>"[..], &bytes, b"</Document>"].concat();
        check(read_ecb(&whole[..], "f", limit).map(|found| found.0));
    }

    #[test]
    fn offsets_of_anything(start in number(), end in number(), other in number(),
        sentence in number()) {
        let maven = format!(r#"{{"id":"d","content":[{{"tokens":["a","b"]}}],"events":[{{"id":"e",
            "type":"T","mention":[{{"id":"m","sent_id":{sentence},"offset":[{start},{end}]}}]}}]}}"#);
        let arg = format!(r#"{{"id":"d","document":"a b . C d","events":[{{"id":"e","type":"T",
            "mention":[{{"id":"m","offset":[{start},{end}]}}],"argument":{{"R":[{{"offset":
            [{other},{end}]}},{{"entity_id":"E"}}]}}}}],"entities":[{{"id":"E","mention":
            [{{"id":"n","offset":[{start},{other}]}}]}}]}}"#);
        let unified = format!(r#"{{"id":"d","text":"a b . C d","events":[{{"type":"T","triggers":
            [{{"position":[{start},{end}],"arguments":[{{"role":"R","mentions":[{{"position":
            [{other},{end}]}}]}}]}}]}}]}}"#);
        let dygie = format!(r#"{{"sentences":[["a","b"],["c"]],"events":[[[[{start},"T"],
            [{other},{end},"R"]]],[]],"clusters":[[[{start},{end}]]]}}"#);
        let one = |text: &str| text.replace('\n', "");
        check(read_maven(Lines::new(one(&maven).as_bytes(), "f")).flatten());
        check(read_maven_arg(Lines::new(one(&arg).as_bytes(), "f")).flatten());
        check(read_unified(Lines::new(one(&unified).as_bytes(), "f")).flatten());
        check(read_dygie_events(Lines::new(one(&dygie).as_bytes(), "f")).flatten());
        let hmeae = format!(r#"[{{"tokens":["a","b"],"trigger_start":{start},"trigger_end":{end},
            "event_type":"T","entities":[{{"idx_start":{other},"idx_end":{end},"role":"R"}}]}}]"#);
        if let Ok((documents, _)) = read_hmeae(hmeae.as_bytes(), "f", 1 << 20) {
            check(documents);
        }
    }
}

#[test]
fn deep_nesting_ends_in_an_error() {
    let depth = 200_000;
    let xml = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let _ = read_ecb(xml.as_bytes(), "f", xml.len());
    let json = "[".repeat(depth);
    assert!(read_hmeae(json.as_bytes(), "f", depth).is_err());
    let mut reader = read_maven(Lines::new(json.as_bytes(), "f"));
    assert!(reader.next().is_some_and(|found| found.is_err()));
}
