//! The program `iutsai`. All of it is in the library, which cargo compiles while the code of the pages is still being
//! generated; a program would wait for that.

fn main() -> std::process::ExitCode {
    iutsai::main()
}
