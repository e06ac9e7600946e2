//! Training on devices that two other processes serve.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use burn::tensor::Device;
use plm_core::models::{EncoderForMaskedLM, EncoderForSequenceClassification};

use super::tiny::{self, Task};
use super::toy::bits;
use super::{parallel, toy};

const SERVE: &str = "PLM_TEST_SERVE";

/// A process that serves one device; ended with this value.
struct Server {
    process: Child,
    name: String,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--nocapture",
                "suite::train::remote::two_processes_give_what_one_device_gives",
            ])
            .env(SERVE, "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let name = lines
            .map(Result::unwrap)
            .find_map(|line| line.find("ws://").map(|at| line[at..].to_owned()))
            .expect("the server says where it is");
        Self { process, name }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn home() -> Device {
    plm_core::device::parse("flex").unwrap()
}

#[test]
fn two_processes_give_what_one_device_gives() {
    if std::env::var_os(SERVE).is_some() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        println!("ws://{}", listener.local_addr().unwrap());
        plm_core::device::serve(&[home()], listener).unwrap();
        return;
    }
    let servers = [Server::start(), Server::start()];
    let devices: Vec<Device> = (servers.iter())
        .map(|server| plm_core::device::parse(&server.name).unwrap())
        .collect();
    let (expected, _) = parallel::alone(&home());
    let (model, _) = parallel::together(parallel::trainer(parallel::config()), &home(), &devices);
    assert_eq!(bits(&model), bits(&expected));
    assert!(bits(&model) != bits(&toy::Mlp::new(8, &home())));
    // A model's fused operations run here and their plain forms there.
    close::<EncoderForMaskedLM>(&devices);
    close::<EncoderForSequenceClassification>(&devices);
}

fn close<T: Task>(devices: &[Device]) {
    let expected = tiny::train::<T>(&home(), &[]);
    let own = tiny::train::<T>(&home(), devices);
    let difference = tiny::largest_difference(&expected, &own);
    assert!(difference <= 1e-4, "{difference}");
}

#[test]
fn servers_that_are_not_there_are_errors() {
    // The port is free again once the listener is dropped.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let name = format!("ws://{}", address.unwrap());
    let text = plm_core::device::parse(&name).unwrap_err().to_string();
    assert!(text.contains(&name), "{text}");
}
