//! Nothing lives here: the manifest alone is of use. It names the libraries whose C takes longest to compile.
