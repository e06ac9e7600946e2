use proptest::prelude::*;

use super::*;

fn read(bytes: &[u8], header: bool) -> Vec<Result<Sample, String>> {
    TsvReader::new(Lines::new(bytes, "f.tsv"), 2)
        .with_header(header)
        .map(|sample| sample.map_err(|error| error.to_string()))
        .collect()
}

fn texts(bytes: &str, header: bool) -> Vec<(String, usize)> {
    let samples = read(bytes.as_bytes(), header).into_iter();
    samples
        .map(|sample| sample.unwrap())
        .map(|one| (one.text, one.label))
        .collect()
}

#[test]
fn the_layouts_in_use_are_read() {
    let own = |text: &str, label| (text.to_owned(), label);
    let glue = "sentence\tlabel\r\nwhen are bears bears and \t1\r\n\r\none mb .\t0";
    assert_eq!(
        texts(glue, true),
        [own("when are bears bears and", 1), own("one mb .", 0)]
    );
    let padded = "sentences \t labels\none mb long .  \t 1\n";
    assert_eq!(texts(padded, true), [own("one mb long .", 1)]);
    let bare = "@USER She  asks. \t 1\nb \t 0\n";
    assert_eq!(
        texts(bare, false),
        [own("@USER She  asks.", 1), own("b", 0)]
    );
    assert_eq!(texts("a\tb\t0\n", false), [own("a\tb", 0)]);
    assert!(texts("", true).is_empty());
}

#[test]
fn bad_lines_are_named_and_reading_goes_on() {
    let bytes = b"sentence\tlabel\nno label\na\tx\na\t2\n \t1\n\xff\t1\na\t-1\ngood\t1\n";
    let found = read(bytes, true);
    let expected = [
        "f.tsv:2: no tab between text and label",
        "f.tsv:3: label \"x\" is not an integer from 0 on; is this a header?",
        "f.tsv:4: label 2 in a task with 2 classes, counted from 0",
        "f.tsv:5: the text is empty",
        "f.tsv:6: not UTF-8: byte 0xff at column 1",
        "f.tsv:7: label \"-1\" is not an integer from 0 on; is this a header?",
    ];
    let errors: Vec<_> = found[..6]
        .iter()
        .map(|one| one.clone().unwrap_err())
        .collect();
    assert_eq!(errors, expected);
    assert_eq!(found[6], Ok(Sample::new("good", 1)));
}

#[test]
fn a_sample_is_not_lost_as_a_header() {
    let found = read(b"first\t1\nsecond\t0\n", true);
    let error = found[0].as_ref().unwrap_err();
    assert!(
        error.starts_with("f.tsv:1: a sample where the header should be"),
        "{error}"
    );
    assert_eq!(found[1], Ok(Sample::new("second", 0)));
    let error = read(b"sentence\tlabel\na\t1\n", false)[0]
        .clone()
        .unwrap_err();
    assert!(error.contains("f.tsv:1: label \"label\" is not"), "{error}");
}

#[test]
fn files_without_samples_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.tsv");
    std::fs::write(&path, "sentence\tlabel\n").unwrap();
    assert!(matches!(read_tsv(&path, true, 2), Err(Error::Empty { .. })));
    let missing = read_tsv(folder.path().join("none.tsv"), true, 2).unwrap_err();
    assert!(missing.to_string().contains("none.tsv"), "{missing}");
}

#[test]
fn unwritable_texts_leave_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.tsv");
    assert_eq!(write_tsv(&path, &[Sample::new(" a b", 1)]).unwrap(), 1);
    let bad = [Sample::new("fine", 0), Sample::new("a\nb", 0)];
    let error = write_tsv(&path, &bad).unwrap_err().to_string();
    assert!(error.starts_with("sample 1 has a line break"), "{error}");
    assert!(write_tsv(&path, &[Sample::new("\t", 0)]).is_err());
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "sentence\tlabel\na b\t1\n"
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        rows in prop::collection::vec(("[a \t\r.é\u{feff}\u{2028}]{0,6}[b\"]", 0_usize..3), 1..8),
    ) {
        let samples: Vec<_> = rows.into_iter().map(|(text, label)| Sample::new(text, label)).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.tsv");
        let trimmed = write_tsv(&path, &samples).unwrap();
        let back = read_tsv(&path, true, 3).unwrap();
        let kept = |one: &Sample| Sample::new(one.text.trim(), one.label);
        prop_assert_eq!(back.samples(), samples.iter().map(kept).collect::<Vec<_>>());
        prop_assert_eq!(trimmed, samples.iter().filter(|one| kept(one) != **one).count());
    }

    #[test]
    fn arbitrary_bytes_end_without_a_panic(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::sample::select(vec!["\n", "\r\n", "\t", " ", "0", "1", "sentence\tlabel", "a"])
                    .prop_map(|text| text.as_bytes().to_vec()),
                prop::collection::vec(any::<u8>(), 0..6),
            ],
            0..30,
        ),
        header: bool,
        limit in 0_usize..32,
    ) {
        let bytes = pieces.concat();
        let lines = bytes.split(|&byte| byte == b'\n').count();
        prop_assert!(read(&bytes, header).len() <= lines);
        let short = Lines::new(bytes.as_slice(), "f").with_limit(limit);
        prop_assert!(TsvReader::new(short, 2).count() <= lines);
    }
}
