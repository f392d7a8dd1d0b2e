//! A GGUF file opened: its metadata by key, its tensors by name.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use nightdesk_kernels::Memory;

use crate::inference::error::InferenceError;

/// How candle's complaint about a quantization it does not know begins; it has no type of its own for it.
const UNKNOWN_TYPE: &str = "unknown dtype for tensor";

/// The file, mapped while it is being loaded: the weights are packed anew, so nothing of it stays.
pub struct Gguf {
    path: PathBuf,
    bytes: Memory,
    content: Content,
}

impl Gguf {
    /// Reads the whole file and its directory.
    pub fn open(path: &Path) -> Result<Self, InferenceError> {
        let refuse = |fault: String| InferenceError::Unreadable { file: path.to_owned(), fault };
        let bytes = Memory::map(path).map_err(|fault| refuse(fault.to_string()))?;
        if !bytes.starts_with(b"GGUF") {
            return Err(refuse("it is not a GGUF file".to_owned()));
        }
        let content = Content::read(&mut Cursor::new(&*bytes)).map_err(|fault| match first_line(&fault) {
            fault if fault.starts_with(UNKNOWN_TYPE) => InferenceError::UnknownQuantization { file: path.to_owned(), fault },
            fault => refuse(fault),
        })?;
        Ok(Self { path: path.to_owned(), bytes, content })
    }

    /// Where the file lies, for errors.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// That the file is not usable, and why.
    pub fn refuse(&self, fault: impl Into<String>) -> InferenceError {
        InferenceError::Unreadable { file: self.path.clone(), fault: fault.into() }
    }

    /// The text at `key`.
    pub fn text(&self, key: &str) -> Result<&str, InferenceError> {
        self.optional(key, |value| value.to_string().map(String::as_str))?.ok_or_else(|| self.refuse(format!("`{key}` is missing")))
    }

    /// The whole number at `key`, if there is one.
    pub fn number(&self, key: &str) -> Result<Option<usize>, InferenceError> {
        self.optional(key, |value| value.to_u64().map(|number| usize::try_from(number).unwrap_or(usize::MAX)))
    }

    /// The number at `key`, if there is one.
    pub fn float(&self, key: &str) -> Result<Option<f32>, InferenceError> {
        self.optional(key, Value::to_f32)
    }

    /// The list of texts at `key`.
    pub fn texts(&self, key: &str) -> Result<Vec<&str>, InferenceError> {
        self.list(key)?
            .iter()
            .map(|value| value.to_string().map(String::as_str).map_err(|_| self.refuse(format!("`{key}` is not a list of texts"))))
            .collect()
    }

    /// The list of small numbers at `key` (token types are signed in some files and not in others).
    pub fn numbers(&self, key: &str) -> Result<Vec<i64>, InferenceError> {
        let number = |value: &Value| match value {
            Value::I32(number) => Ok(i64::from(*number)),
            other => other.to_u64().map(|number| i64::try_from(number).unwrap_or(i64::MAX)),
        };
        self.list(key)?.iter().map(|value| number(value).map_err(|_| self.refuse(format!("`{key}` is not a list of numbers")))).collect()
    }

    /// Whether the file has a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }

    /// The dimensions and type of a tensor.
    pub fn shape(&self, name: &str) -> Result<(Vec<usize>, GgmlDType), InferenceError> {
        let info = self.content.tensor_infos.get(name).ok_or_else(|| self.refuse(format!("the tensor `{name}` is missing")))?;
        Ok((info.shape.dims().to_vec(), info.ggml_dtype))
    }

    /// The directory.
    #[cfg(test)]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The bytes of the whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of a tensor.
    pub fn raw(&self, name: &str) -> Result<&[u8], InferenceError> {
        let (dims, kind) = self.shape(name)?;
        let numbers = dims.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim));
        let range = numbers.and_then(|numbers| {
            let length = (numbers / kind.block_size()).checked_mul(kind.type_size())?;
            let info = self.content.tensor_infos.get(name)?;
            let start = usize::try_from(self.content.tensor_data_offset.checked_add(info.offset)?).ok()?;
            Some(start..start.checked_add(length)?)
        });
        range
            .and_then(|range| self.bytes.get(range))
            .ok_or_else(|| self.refuse(format!("the tensor `{name}` goes beyond the end of the file: it was cut off")))
    }

    /// A tensor as the file has it.
    pub fn tensor(&self, name: &str) -> Result<QTensor, InferenceError> {
        self.content
            .tensor(&mut Cursor::new(&*self.bytes), name, &Device::Cpu)
            .map_err(|fault| self.refuse(format!("the tensor `{name}`: {}", first_line(&fault))))
    }

    /// A tensor as numbers.
    pub fn dense(&self, name: &str) -> Result<Vec<f32>, InferenceError> {
        let tensor =
            self.tensor(name)?.dequantize(&Device::Cpu).and_then(|tensor| Tensor::flatten_all(&tensor)).and_then(|flat| flat.to_vec1());
        tensor.map_err(|fault| self.refuse(format!("the tensor `{name}`: {}", first_line(&fault))))
    }

    /// A tensor of `length` numbers.
    pub fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, InferenceError> {
        let vector = self.dense(name)?;
        if vector.len() != length {
            return Err(self.refuse(format!("the tensor `{name}` has {} numbers instead of {length}", vector.len())));
        }
        Ok(vector)
    }

    fn list(&self, key: &str) -> Result<&Vec<Value>, InferenceError> {
        self.optional(key, Value::to_vec)?.ok_or_else(|| self.refuse(format!("`{key}` is missing")))
    }

    fn optional<'a, T>(&'a self, key: &str, read: impl Fn(&'a Value) -> candle_core::Result<T>) -> Result<Option<T>, InferenceError> {
        let value = self.content.metadata.get(key).map(read).transpose();
        value.map_err(|_| self.refuse(format!("`{key}` has another type than it should")))
    }
}

/// candle's errors carry a backtrace; the first line is the sentence.
pub fn first_line(fault: &candle_core::Error) -> String {
    fault.to_string().lines().next().unwrap_or_default().to_owned()
}
