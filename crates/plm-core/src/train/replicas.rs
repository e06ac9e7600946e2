//! Data parallelism: the batches of one optimizer step on several devices at a time.

use std::panic::resume_unwind;
use std::thread;

use burn::module::Module;
use burn::tensor::Device;

use super::passes::{Backward, NextFn, Pass, Passes};
use super::step::{StepContext, StepLoss};
use crate::Result;

/// Each device works on a copy of the model, in a thread of its own.
///
/// Gradients are added in the order of the batches, whichever device they come from, so that devices
/// that compute alike give the bits that one of them gives alone.
pub(super) struct OnReplicas<S> {
    devices: Vec<Device>,
    step: S,
}

impl<S> OnReplicas<S> {
    pub(super) fn new(devices: &[Device], step: S) -> Self {
        Self {
            devices: devices.to_vec(),
            step,
        }
    }
}

impl<M, T, S> Backward<M, T> for OnReplicas<S>
where
    M: Module,
    T: Send,
    S: Fn(&M, &Device, T, &StepContext) -> Result<StepLoss> + Sync,
{
    fn run(&mut self, model: &M, next: NextFn<'_, T>) -> Result<Passes> {
        let mut passes = Passes::default();
        let Some(home) = model.devices().into_iter().next() else {
            return Ok(passes);
        };
        // burn refuses operations on tensors that differ in gradient checkpointing, so inputs are to be
        // made as the parameters were.
        let context = home.clone().autodiff();
        let devices: Vec<Device> = (self.devices.iter())
            .map(|device| device.clone().with_autodiff_context_from(&context))
            .collect();
        let (devices, step, home) = (devices.as_slice(), &self.step, &home);
        let replicas: Vec<M> = (devices.iter())
            .map(|device| model.clone().fork(device))
            .collect();
        loop {
            let round: Vec<(T, StepContext)> = (0..devices.len())
                .map_while(|_| next().transpose())
                .collect::<Result<_>>()?;
            if round.is_empty() {
                return Ok(passes);
            }
            let found: Vec<Result<Option<Pass>>> = thread::scope(|scope| {
                let running: Vec<_> = (round.into_iter().zip(devices).zip(replicas.clone()))
                    .map(|(((batch, context), device), replica)| {
                        scope.spawn(move || {
                            let found = step(&replica, device, batch, &context)?;
                            let pass = Pass::of(found, &replica, &context)?;
                            Ok(pass.map(|pass| pass.onto(home)))
                        })
                    })
                    .collect();
                (running.into_iter())
                    .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
                    .collect()
            });
            for pass in found {
                if let Some(pass) = pass? {
                    passes.add(pass);
                }
            }
        }
    }
}
