//! Work beside the requests.
