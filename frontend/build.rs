//! Links the browser's part with half a mebibyte of stack. What is behind it in memory has addresses of three octets
//! then, of which the code has thousands, and with the usual mebibyte it has four.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=-zstack-size=524288");
}
