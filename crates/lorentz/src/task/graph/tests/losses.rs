//! Losses against the authors' values and by hand.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use plm_core::rng::Seed;
use serde_json::Value;

use super::devices;
use crate::task::graph::*;

fn table(value: &Value, device: &Device) -> Tensor<2> {
    let rows = value.as_array().unwrap();
    let numbers: Vec<f64> = rows
        .iter()
        .flat_map(|row| match row {
            Value::Array(row) => row.iter().map(|x| x.as_f64().unwrap()).collect(),
            number => vec![number.as_f64().unwrap()],
        })
        .collect();
    let shape = [rows.len(), numbers.len() / rows.len()];
    Tensor::from_data(TensorData::new(numbers, shape), (device, DType::F64))
}

fn number(loss: Tensor<1>) -> f64 {
    loss.into_scalar::<f64>()
}

#[test]
fn the_authors_code_gives_the_same() {
    let file: Value = serde_json::from_str(include_str!("../../../fixtures/graph.json")).unwrap();
    for device in devices() {
        let outputs = &file["outputs"];
        let labels: Vec<i32> = serde_json::from_value(file["inputs"]["labels"].clone()).unwrap();
        let count = labels.len();
        let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [count]), &device);
        let loss = node_margin_loss(table(&outputs["logits"], &device), labels, 2.0);
        assert!((number(loss) / outputs["nc_margin_loss"].as_f64().unwrap() - 1.0).abs() < 1e-12);

        let links = &file["lp"];
        let points = table(&outputs["h2"], &device);
        let encoder = LorentzEncoderConfig::new(4, 1)
            .init(Seed::new(1), &device)
            .unwrap();
        let similarities = |name: &str| {
            let pairs: Vec<[i32; 2]> = serde_json::from_value(links[name].clone()).unwrap();
            let [from, to] = [0, 1].map(|end| {
                let ids: Vec<i32> = pairs.iter().map(|pair| pair[end]).collect();
                let ids = TensorData::new(ids, [pairs.len()]);
                points
                    .clone()
                    .select(0, Tensor::<1, Int>::from_data(ids, &device))
            });
            encoder.similarity(from, to)
        };
        let (positive, negative) = (similarities("pos"), similarities("neg"));
        for (found, name) in [(&positive, "pos_scores"), (&negative, "neg_scores")] {
            let gap = (found.clone() - table(&links[name], &device)).abs().max();
            assert!(gap.into_scalar::<f64>() < 1e-7);
        }
        let loss = link_margin_loss(positive, negative, 2.0);
        assert!((number(loss) - links["loss"].as_f64().unwrap()).abs() < 1e-7);
    }
}

#[test]
fn fermi_dirac_by_hand() {
    for device in devices() {
        let column = |value: f64| {
            let data = TensorData::new(vec![value], [1, 1]);
            Tensor::<2>::from_data(data, (&device, DType::F64))
        };
        // At d² = r the probability is 1/2 whatever the temperature.
        let loss = number(fermi_dirac_loss(column(-2.0), column(-2.0), 2.0, 0.5));
        assert!((loss - 2.0 * 2.0_f64.ln()).abs() < 1e-6);
        // d² = 0: 1 / (1 + e⁻²).
        let loss = number(fermi_dirac_loss(column(0.0), column(-1e4), 2.0, 1.0));
        assert!((loss - (1.0 + (-2.0_f64).exp()).ln()).abs() < 1e-6);
    }
}
