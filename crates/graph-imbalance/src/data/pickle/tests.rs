use std::path::Path;

use proptest::prelude::*;

use super::load;

fn path() -> &'static Path {
    Path::new("ind.x.graph")
}

fn lists(bytes: &[u8]) -> Result<Vec<(i64, Vec<i64>)>, String> {
    let lists = load(bytes, path()).and_then(|pickle| pickle.lists());
    lists.map_err(|error| error.to_string())
}

/// A pickle that begins with protocol 2 and ends as it should.
fn pickle(body: &[&[u8]]) -> Vec<u8> {
    [b"\x80\x02", body.concat().as_slice(), b"."].concat()
}

#[test]
fn lists_by_hand() {
    // {0: [1], 1: [0, 300], 70000: []}, by APPEND, APPENDS and SETITEM.
    let bytes = pickle(&[
        b"}q\x00(K\x00]K\x01aK\x01](K\x00M\x2c\x01eu",
        b"J\x70\x11\x01\x00]s",
    ]);
    let expected = vec![(0, vec![1]), (1, vec![0, 300]), (70_000, vec![])];
    assert_eq!(lists(&bytes), Ok(expected));
}

#[test]
fn an_array_by_hand() {
    // numpy.array([[1, 2]], dtype=">i2"), stored by columns.
    let bytes = pickle(&[
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R",
        b"(K\x01K\x01K\x02\x86cnumpy\ndtype\nU\x02i2K\x00K\x01\x87R",
        b"(K\x03U\x01>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb",
        b"\x88U\x04\x00\x01\x00\x02tb",
    ]);
    let pickle = load(&bytes, path()).unwrap();
    let array = pickle.array().unwrap();
    assert_eq!(
        (array.table(), array.integers()),
        (Ok([1, 2]), Ok(vec![1, 2]))
    );
    let error = pickle.matrix().unwrap_err().to_string();
    assert!(error.contains("an array where a sparse matrix"), "{error}");
}

#[test]
fn what_is_not_read_is_named_with_its_place() {
    let cases: [(&[u8], &str); 22] = [
        (b"cos\nsystem\n", "byte 2: global \"os\" \"system\""),
        (b"c__builtin__\neval\n", "global \"__builtin__\" \"eval\""),
        (b"(S'x'\n", "byte 3: opcode 0x53"),
        (b"\x80\x05", "byte 2: protocol 5"),
        (b"h\x07", "byte 2: memo 7 was never set"),
        (b"q\x00", "byte 2: the stack is empty"),
        (b"K\x01(q\x00", "byte 5: the stack is empty"),
        (b"t", "byte 2: no mark"),
        (b"K\x01\x86", "byte 4: fewer than 2"),
        (b"K\x01(K\x02\x86", "byte 7: fewer than 2"),
        (b"K\x01K\x02", "more than one object"),
        (b"(K\x01", "more than one object"),
        (b"K\x01.K", "byte 4: the end, with 2 bytes left"),
        (b"K\x01K\x02a", "byte 6: appends to a number"),
        (b"}(K\x01u", "byte 6: a key without its value"),
        (b"]K\x01K\x02s", "byte 7: sets items of a list"),
        (b"]Nb", "byte 4: sets the state of a list"),
        (b"N)R", "byte 4: calls None"),
        (b"cnumpy\nndarray\n)R", "calls Array with 0 arguments"),
        (
            b"T\xff\xff\xff\xff",
            "byte 2: 4294967295 bytes are needed and 1 are left",
        ),
        (b"X\x01", "4 bytes are needed"),
        (b"cabc", "does not end within"),
    ];
    for (body, text) in cases {
        let error = lists(&pickle(&[body])).unwrap_err();
        assert!(
            error.starts_with("ind.x.graph: byte ") && error.contains(text),
            "{error}"
        );
    }
    let long = [b"c", "x".repeat(1000).as_bytes(), b"\n\n"].concat();
    assert!(lists(&pickle(&[&long])).unwrap_err().contains("128 bytes"));
    assert!(
        lists(b"")
            .unwrap_err()
            .contains("1 bytes are needed and 0 are left")
    );
}

#[test]
fn wrong_kinds_are_named_with_their_place() {
    for (body, text) in [
        (&b"K\x01"[..], "byte 2: a number where a dictionary"),
        (
            b"}K\x00K\x01s",
            "byte 5: a number where a list of neighbors",
        ),
        (b"}K\x00]Nas", "byte 6: None where a number"),
        (b"}U\x01a]s", "byte 3: a byte string where a number"),
    ] {
        let error = lists(&pickle(&[body])).unwrap_err();
        assert!(error.contains(text), "{error}");
    }
    let unset = b"cscipy.sparse.csr\ncsr_matrix\n)\x81";
    for (body, text) in [
        (
            &b""[..],
            "byte 32: a sparse matrix where a sparse matrix with its state",
        ),
        (b"Nb", "byte 33: None where the state"),
        (b"}b", "a sparse matrix without \"data\""),
    ] {
        let bytes = pickle(&[unset, body]);
        let error = load(&bytes, path())
            .unwrap()
            .matrix()
            .unwrap_err()
            .to_string();
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn deep_nesting_neither_recurses_nor_multiplies() {
    let deep = pickle(&[b"N", &b"\x85".repeat(1_000_000)]);
    assert!(
        lists(&deep)
            .unwrap_err()
            .contains("a tuple where a dictionary")
    );
    let marks = pickle(&[&b"(".repeat(1_000_000), b"N"]);
    assert!(lists(&marks).unwrap_err().contains("more than one object"));
    // A list that holds itself, as a dictionary's value.
    let circle = pickle(&[b"}K\x00]q\x00h\x00as"]);
    assert!(
        lists(&circle)
            .unwrap_err()
            .contains("a list where a number")
    );
}

#[test]
fn shared_objects_do_not_multiply() {
    // One list of 2,000 neighbors for 2,000 nodes: four million edges in 14,000 bytes.
    let list = [b"(".as_slice(), &b"K\x01".repeat(2000), b"e"].concat();
    let items: Vec<u8> = (0..2000_u16)
        .flat_map(|key| [&b"M"[..], &key.to_le_bytes(), b"h\x00"].concat())
        .collect();
    let bytes = pickle(&[b"}(K\x00]q\x00", &list, &items, b"u"]);
    let error = lists(&bytes).unwrap_err();
    assert!(error.contains("lists of more than"), "{error}");

    // One text turned into bytes again and again: nothing is done until somebody looks.
    let text = [b"X\x00\x00\x10\x00".as_slice(), &vec![b'x'; 1 << 20]].concat();
    let calls = b"h\x00h\x01R".repeat(100_000);
    let bytes = pickle(&[
        b"c_codecs\nencode\nq\x00",
        &text,
        b"U\x06latin1\x86q\x01",
        b"(",
        &calls,
        b"t",
    ]);
    assert!(lists(&bytes).unwrap_err().contains("more than one object"));
}

#[test]
fn sizes_that_no_byte_backs_are_refused() {
    let array = |shape: &[u8]| {
        pickle(&[
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01",
            shape,
            b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<tb\x89U\x00tb",
        ])
    };
    for (shape, text) in [
        (
            &b"J\xff\xff\xff\x7f\x85"[..],
            "0 bytes for a shape of [2147483647]",
        ),
        (
            b"J\xff\xff\xff\x7fq\x00h\x00h\x00\x87",
            "0 bytes for a shape",
        ),
        (b"J\xff\xff\xff\x7fK\x00\x86", "without elements"),
        (b"J\xff\xff\xff\xff\x85", "an axis of -1"),
    ] {
        let bytes = array(shape);
        let error = load(&bytes, path())
            .unwrap()
            .array()
            .unwrap_err()
            .to_string();
        assert!(error.contains(text), "{error}");
    }
    let bytes = array(b"K\x00\x85");
    assert_eq!(
        load(&bytes, path()).unwrap().array().unwrap().length(),
        Ok(0)
    );
}

/// Opcodes with small arguments, so that random programs come far.
fn program() -> impl Strategy<Value = Vec<u8>> {
    let opcodes: &[&[u8]] = &[
        b"N",
        b"\x88",
        b"K\x00",
        b"K\x02",
        b"K\x01",
        b"J\xff\xff\xff\xff",
        b"U\x02i4",
        b"U\x01<",
        b"U\x00",
        b"C\x04\x01\x00\x00\x00",
        b"X\x01\x00\x00\x00a",
        b"q\x00",
        b"q\x01",
        b"h\x00",
        b"h\x01",
        b"\x94",
        b"(",
        b")",
        b"]",
        b"}",
        b"t",
        b"\x85",
        b"\x86",
        b"\x87",
        b"a",
        b"e",
        b"s",
        b"u",
        b"R",
        b"\x81",
        b"b",
        b"cnumpy\ndtype\n",
        b"cnumpy\nndarray\n",
        b"\x93",
        b"cnumpy.core.multiarray\n_reconstruct\n",
        b"cscipy.sparse.csr\ncsr_matrix\n",
        b"ccollections\ndefaultdict\n",
        b"c__builtin__\nlist\n",
        b"c_codecs\nencode\n",
        b"U\x06indptr",
        b"U\x07indices",
        b"U\x04data",
        b"U\x06_shape",
        b"cnumpy\ndtype\nU\x02i4K\x00K\x01\x87R(K\x03U\x01<tb",
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R",
    ];
    let opcode = proptest::sample::select(opcodes.to_vec());
    prop::collection::vec(opcode, 0..40).prop_map(|opcodes| opcodes.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_programs_do_not_panic(body in program()) {
        let bytes = pickle(&[&body]);
        if let Ok(pickle) = load(&bytes, path()) {
            let _ = (pickle.lists(), pickle.matrix(), pickle.array());
        }
    }

    #[test]
    fn random_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(pickle) = load(&bytes, path()) {
            let _ = (pickle.lists(), pickle.matrix(), pickle.array());
        }
    }
}
