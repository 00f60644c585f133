//! Bodies of `application/x-www-form-urlencoded` that may hold secrets.
