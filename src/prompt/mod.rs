//! Prompts: the templates and phrases of `prompts/`, rendered with strict undefined and hashed. Only this room knows minijinja.
