//! Inference: model files, tokenizers, the language model on its own thread, sentence embeddings. Only this room knows candle and tokenizers.
