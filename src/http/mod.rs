//! Routes, DTOs, errors as status codes, assets. Only this room knows axum.
