//! Retrieval: lexical (tantivy) and dense (sentence embeddings) search over the entries, fused; reloaded as a whole.
