//! Key tables, on the names of real files.

use super::super::{KeyRule, KeyTable, Scope};
use super::TOY;

/// The layout that `specs` of BERT ask for: every tensor of `BertForMaskedLM` and its base.
const BERT: KeyTable<'static> = KeyTable {
    prefixes: &["bert."],
    field: "bert.",
    base: &[&[
        KeyRule::embedding("embeddings.word_embeddings", "embeddings.words"),
        KeyRule::embedding("embeddings.position_embeddings", "embeddings.positions"),
        KeyRule::embedding("embeddings.token_type_embeddings", "embeddings.token_types"),
        KeyRule::norm("embeddings.LayerNorm", "embeddings.norm"),
        KeyRule::linear(
            "encoder.layer.{}.attention.self.query",
            "layers.{}.attention.query",
        ),
        KeyRule::linear(
            "encoder.layer.{}.attention.self.key",
            "layers.{}.attention.key",
        ),
        KeyRule::linear(
            "encoder.layer.{}.attention.self.value",
            "layers.{}.attention.value",
        ),
        KeyRule::linear(
            "encoder.layer.{}.attention.output.dense",
            "layers.{}.attention.output",
        ),
        KeyRule::norm(
            "encoder.layer.{}.attention.output.LayerNorm",
            "layers.{}.attention_norm",
        ),
        KeyRule::linear("encoder.layer.{}.intermediate.dense", "layers.{}.ffn.inner"),
        KeyRule::linear("encoder.layer.{}.output.dense", "layers.{}.ffn.outer"),
        KeyRule::norm("encoder.layer.{}.output.LayerNorm", "layers.{}.ffn_norm"),
        KeyRule::linear("pooler.dense", "pooler"),
    ]],
    head: &[&[
        KeyRule::linear("cls.predictions.transform.dense", "head.transform"),
        KeyRule::norm("cls.predictions.transform.LayerNorm", "head.norm"),
        KeyRule::tensor("cls.predictions.bias", "head.bias"),
    ]],
    tied: &[
        (
            "bert.embeddings.word_embeddings.weight",
            "cls.predictions.decoder.weight",
        ),
        ("cls.predictions.bias", "cls.predictions.decoder.bias"),
    ],
    renames: &[],
    ignored: &["*.position_ids"],
    heads: &["cls"],
};

/// The names of a base model of `layers` layers, in the order of the file of MiniLM.
fn base_names(layers: usize) -> Vec<String> {
    let mut modules: Vec<String> = ["LayerNorm", "position_embeddings", "token_type_embeddings"]
        .iter()
        .chain(&["word_embeddings"])
        .map(|name| format!("embeddings.{name}"))
        .collect();
    for layer in 0..layers {
        for name in [
            "attention.output.LayerNorm",
            "attention.output.dense",
            "attention.self.key",
            "attention.self.query",
            "attention.self.value",
            "intermediate.dense",
            "output.LayerNorm",
            "output.dense",
        ] {
            modules.push(format!("encoder.layer.{layer}.{name}"));
        }
    }
    modules.push("pooler.dense".to_owned());
    modules
        .iter()
        .flat_map(|module| {
            let bias = (!module.ends_with("_embeddings")).then(|| format!("{module}.bias"));
            bias.into_iter().chain([format!("{module}.weight")])
        })
        .collect()
}

#[test]
fn the_names_of_real_files_go_there_and_back() {
    BERT.validate().unwrap();
    TOY.validate().unwrap();
    let base = base_names(12);
    assert_eq!(base.len(), 5 + 12 * 16 + 2);
    for name in &base {
        let path = BERT.to_path(Scope::Base, name).expect(name);
        assert_eq!(BERT.to_hf(Scope::Base, &path).as_ref(), Some(name));
        let name = format!("bert.{name}");
        let field = BERT.to_path(Scope::Headed, &name).expect(&name);
        assert_eq!(field, format!("bert.{path}"));
        assert_eq!(BERT.to_hf(Scope::Headed, &field), Some(name));
    }
    let head = "cls.predictions.transform.LayerNorm.bias";
    assert_eq!(BERT.to_path(Scope::Headed, head).unwrap(), "head.norm.beta");
    assert_eq!(
        BERT.to_path(Scope::Headed, "cls.predictions.decoder.weight"),
        None
    );
    assert_eq!(BERT.to_hf(Scope::Base, "layers.x.ffn.inner.weight"), None);
}

#[test]
fn files_with_and_without_prefix_have_the_same_whole_names() {
    let bare = base_names(1);
    let bare: Vec<&str> = bare.iter().map(String::as_str).collect();
    let whole = BERT.whole_names(&bare).unwrap();
    assert!(whole.keys().all(|name| name.starts_with("bert.")));

    // Old files of masked language models without prefix still have a head.
    let mixed = ["embeddings.LayerNorm.gamma", "cls.predictions.bias"];
    let whole = BERT.whole_names(&mixed).unwrap();
    assert_eq!(whole["bert.embeddings.LayerNorm.gamma"], mixed[0]);
    assert_eq!(whole["cls.predictions.bias"], mixed[1]);

    let long = ["model.toy.embeddings.LayerNorm.weight", "cls.x"];
    let whole = TOY.whole_names(&long).unwrap();
    assert_eq!(whole["toy.embeddings.LayerNorm.weight"], long[0]);
    assert_eq!(whole["cls.x"], "cls.x");
}

#[test]
fn renames_apply_to_whole_names() {
    let table = KeyTable {
        renames: &[(
            "bert.encoder.layers.{}.out.weight",
            "bert.encoder.layer.{}.output.dense.weight",
        )],
        ..BERT
    };
    let names = ["encoder.layers.7.out.weight"];
    let whole = table.whole_names(&names).unwrap();
    assert_eq!(whole["bert.encoder.layer.7.output.dense.weight"], names[0]);
}

#[test]
fn tables_that_are_not_one_to_one_are_refused() {
    let refused = |rules: &[KeyRule<'_>]| {
        let base = [rules];
        let table = KeyTable {
            base: &base,
            field: "base.",
            ..KeyTable::default()
        };
        table.validate().unwrap_err().to_string()
    };
    let twice = [KeyRule::linear("a.{}", "x.{}"), KeyRule::linear("a.0", "y")];
    assert!(refused(&twice).contains("match the same tensor"));
    let onto = [KeyRule::linear("a", "x"), KeyRule::linear("b", "x")];
    assert!(refused(&onto).contains("match the same tensor"));
    // The old name of one norm is the present name of another tensor.
    let old = [KeyRule::norm("a", "x"), KeyRule::tensor("a.gamma", "y")];
    assert!(refused(&old).contains("match the same tensor"));
    assert!(refused(&[KeyRule::linear("a.{}", "x")]).contains("counts"));
    assert!(refused(&[KeyRule::linear("a", "base.x")]).contains("begins with the field"));
    let alias = KeyTable {
        tied: &[("b.weight", "a.weight")],
        base: &[&[KeyRule::linear("a", "x")]],
        ..KeyTable::default()
    };
    assert!(alias.validate().unwrap_err().to_string().contains("alias"));
}

#[test]
fn a_variant_of_a_table_is_one_line() {
    let untied = KeyTable {
        tied: &[],
        head: &[
            BERT.head[0],
            &[KeyRule::embedding(
                "cls.predictions.decoder",
                "head.decoder",
            )],
        ],
        ..BERT
    };
    untied.validate().unwrap();
    assert_eq!(
        untied.to_hf(Scope::Headed, "head.decoder.weight").unwrap(),
        "cls.predictions.decoder.weight"
    );
}
