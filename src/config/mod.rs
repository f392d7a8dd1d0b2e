//! Settings: the built-in defaults, a file, the environment; an unknown key is an error.
