//! `bench distill`: a step of distillation against PyTorch, and what a teacher cache saves.

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::{Context as _, Result, ensure};
use burn::module::Module;
use burn::tensor::{Bool, Device, Tensor};
use plm_core::models::{EncoderForSequenceClassification, EncoderInput, Pretrained};
use plm_core::nn::AttentionMask;
use plm_core::rng::Seed;
use plm_core::train::{AdamWConfig, Gradients, Optimizer};
use plm_distill::amalgamate::{
    AmalgamationLoss, AmalgamationSettings, Method, Scoring, TeacherPool,
};
use plm_distill::cache::TeacherCache;
use plm_distill::dynamic::{DynamicLoss, DynamicSettings, StudentBatch};
use plm_distill::labels::LabelSpace;
use plm_distill::loss::LogitLoss;
use plm_distill::score::McSettings;
use plm_distill::student::{Auxiliary, Learner, cut_layers};
use plm_distill::teacher::{CachedTeacher, LiveTeacher, Teacher, TeacherOptions, precompute};
use plm_distill::{Example, Integration, TextEncoder};
use serde_json::{Value, json};

use super::{Case, Context, Plan, peak_memory};

/// Texts and tokens of a step of distillation.
const LONG: Size = (32, 128);
/// Texts and tokens of a step of amalgamation, in which live teachers see them 17 times each.
const SHORT: Size = (16, 64);
/// Layers of the student; the teacher has all six.
const STUDENT: usize = 3;
const CLASSES: usize = 3;

/// Texts of a step and their tokens.
type Size = (usize, usize);

/// The cases, with the models loaded.
pub(super) fn plan(context: &Context) -> Result<Plan> {
    let device = plm_core::device::parse(&context.device)?;
    let folder = context.store.dir("minilm-l6")?;
    let load = json!({
        "op": "load",
        "dir": folder,
        "device": context.peer_device(),
        "dtype": "f32",
        "threads": context.threads,
        "student_layers": STUDENT,
        "classes": CLASSES,
    });
    let bench = Bench::load(&folder, LONG, &device)?;
    let name = |what: &str, (batch, length): Size| format!("{what}.b{batch}.s{length}");
    let mut cases = Vec::new();
    let live = bench.distillation(bench.live()?);
    let case = Case::timed(name("kd.live.torch", LONG), live).rounds(7);
    cases.push(case.peer(request("kd_step")));
    let cached = bench.distillation(bench.cached("torch", None)?);
    let case = Case::timed(name("kd.cached.torch", LONG), cached).rounds(7);
    cases.push(case.peer(request("kd_step_cached")));
    let cached = bench.distillation(bench.cached("live", None)?);
    let live = bench.distillation(bench.live()?);
    let case = Case::timed(name("kd.cached", LONG), cached).rounds(7);
    cases.push(case.baseline("asking the live teacher", live));
    let bench = Bench::load(&folder, SHORT, &device)?;
    let settings = McSettings::default();
    let live = bench.amalgamation([bench.live()?, bench.live()?])?;
    let first = bench.cached("first", Some(&settings))?;
    let cached = bench.amalgamation([first, bench.cached("second", Some(&settings))?])?;
    let case = Case::timed(name("muka.k16.cached", SHORT), cached).rounds(5);
    cases.push(case.baseline("16 stochastic passes of two live teachers", live));
    // Ours is the process's memory: on a GPU the two sides would not measure the same thing.
    if !context.device.starts_with("cuda") {
        cases.push(
            Case::value("peak_memory", "MiB", peak_memory)
                .warmup(0)
                .rounds(1)
                .peer(json!({ "op": "peak_memory" })),
        );
    }
    Ok(Plan {
        setup: vec![load],
        cases,
    })
}

fn request(op: &str) -> Value {
    json!({
        "op": op, "batch": LONG.0, "seq": LONG.1, "temperature": 4.0,
        "alpha_ce": 1.0, "alpha_kd": 1.0, "pairs": [], "rate": 2e-5,
    })
}

/// Models and texts.
struct Bench {
    teacher: EncoderForSequenceClassification,
    encoder: TextEncoder,
    texts: Vec<Example>,
    labels: Vec<usize>,
    batch: usize,
    length: usize,
    device: Device,
    /// Caches.
    folder: Rc<tempfile::TempDir>,
}

impl Bench {
    /// MiniLM with a new head, and texts of this size.
    fn load(folder: &std::path::Path, (batch, length): Size, device: &Device) -> Result<Self> {
        let loaded = Pretrained::<EncoderForSequenceClassification>::load_with_new_head(
            folder,
            CLASSES,
            Seed::new(1),
            device,
        )?;
        let tokenizer = loaded.tokenizer()?.clone();
        let words: Vec<String> = (1_000..25_000)
            .filter_map(|id| tokenizer.id_to_token(id))
            .filter(|token| token.chars().all(|c| c.is_ascii_lowercase()))
            .collect();
        ensure!(
            words.len() > batch * length,
            "too few words in the vocabulary"
        );
        // Longer than the limit: all texts are cut to it.
        let texts = words
            .chunks(length)
            .take(batch)
            .map(|words| Example::new(words.join(" ")));
        Ok(Self {
            encoder: TextEncoder::new(tokenizer, length, &loaded.model.encoder.config)?,
            teacher: loaded.model,
            texts: texts.collect(),
            labels: (0..batch).map(|row| row % CLASSES).collect(),
            batch,
            length,
            device: device.clone(),
            folder: Rc::new(tempfile::tempdir()?),
        })
    }

    fn live(&self) -> Result<LiveTeacher> {
        let options = TeacherOptions {
            max_length: self.length,
            dropout: None,
        };
        let tokenizer = self.encoder.tokenizer().clone();
        let model = self.teacher.clone();
        Ok(LiveTeacher::new(
            "teacher",
            model,
            tokenizer,
            options,
            &self.device,
        )?)
    }

    /// The teacher's answers, computed before.
    fn cached(&self, name: &str, scoring: Option<&McSettings>) -> Result<CachedTeacher> {
        let mut teacher = self.live()?;
        let key = teacher.cache_key(scoring, &[])?;
        let mut cache = TeacherCache::open(self.folder.path().join(name), key)?;
        let texts: Vec<&Example> = self.texts.iter().collect();
        precompute(&mut teacher, &texts, &mut cache, self.batch, |_| ())?;
        Ok(CachedTeacher::new(
            teacher.info().clone(),
            cache,
            &self.device,
        )?)
    }

    /// The first layers of the teacher with a head of `classes`.
    fn step(&self, classes: usize) -> Step {
        let mut student = self.teacher.clone();
        student.encoder = cut_layers(student.encoder, &(0..STUDENT).collect::<Vec<_>>());
        let width = student.encoder.config.hidden_size;
        student.classifier.output = plm_core::nn::zero_linear(width, classes, true, &self.device);
        let learner = Learner {
            classifier: student,
            auxiliary: Auxiliary::none(),
        };
        Step {
            state: Some((
                learner.train(),
                Optimizer::adamw(AdamWConfig::default(), 2e-5),
            )),
            encoder: self.encoder.clone(),
            texts: self.texts.clone(),
            labels: self.labels.clone(),
            device: self.device.clone().autodiff(),
            _folder: Rc::clone(&self.folder),
        }
    }

    /// Cross-entropy plus KL to the teacher.
    fn distillation<T: Teacher + 'static>(
        &self,
        mut teacher: T,
    ) -> impl FnMut() -> Result<()> + use<T> {
        let mut step = self.step(CLASSES);
        let settings = DynamicSettings {
            logit_loss: LogitLoss::Kl { temperature: 4.0 },
            ..DynamicSettings::default()
        };
        move || {
            let mut rng = Seed::new(1).stream("selection");
            step.make(|batch, _| {
                let loss = DynamicLoss::new(&settings, &[]);
                Ok(loss.of(batch, &mut [&mut teacher], &mut rng)?.0)
            })
        }
    }

    /// MUKA with two teachers.
    fn amalgamation<T: Teacher + 'static>(
        &self,
        mut teachers: [T; 2],
    ) -> Result<impl FnMut() -> Result<()> + use<T>> {
        let names = |first: usize| -> Vec<String> {
            (first..first + CLASSES)
                .map(|class| class.to_string())
                .collect()
        };
        let space = LabelSpace::new([names(0), names(CLASSES)])?;
        let mut step = self.step(space.len());
        let settings = AmalgamationSettings::new(Method::Muka(Integration::default()))
            .with_scoring(Scoring::MonteCarlo(McSettings::default()));
        Ok(move || {
            step.make(|batch, auxiliary| {
                let asked = teachers.iter_mut().map(|t| t as &mut dyn Teacher).collect();
                let mut pool = TeacherPool::new(&space, asked)?;
                Ok(AmalgamationLoss::new(&settings)
                    .of(batch, &mut pool, auxiliary)?
                    .0)
            })
        })
    }
}

/// A student with its optimizer.
struct Step {
    state: Option<(Learner, Optimizer)>,
    encoder: TextEncoder,
    texts: Vec<Example>,
    labels: Vec<usize>,
    device: Device,
    /// Keeps the caches' folder.
    _folder: Rc<tempfile::TempDir>,
}

impl Step {
    /// Tokens, forward, backward, clipping to norm 1, AdamW.
    fn make(
        &mut self,
        loss: impl FnOnce(&StudentBatch<'_>, &Auxiliary) -> Result<Tensor<1>>,
    ) -> Result<()> {
        let (learner, mut optimizer) = self.state.take().context("an earlier step failed")?;
        let texts: Vec<&Example> = self.texts.iter().collect();
        let input = self.encoder.input(&texts, 0, &self.device)?;
        let padding = padding(&input)?;
        let logits = learner.classifier.logits(&input);
        let batch = StudentBatch {
            examples: &texts,
            labels: Some(&self.labels),
            logits,
            hidden: &BTreeMap::new(),
            padding,
        };
        let loss = loss(&batch, &learner.auxiliary)?;
        let mut gradients = Gradients::of(&loss, &learner)?;
        gradients.clip_norm(1.0);
        let learner = optimizer.step(learner, gradients, 1.0);
        self.device.sync()?;
        self.state = Some((learner, optimizer));
        Ok(())
    }
}

fn padding(input: &EncoderInput) -> Result<Tensor<2, Bool>> {
    match &input.mask {
        Some(AttentionMask::Padding(padding)) => Ok(padding.clone()),
        _ => anyhow::bail!("a batch of texts without padding"),
    }
}
