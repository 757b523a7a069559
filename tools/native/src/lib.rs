//! Nothing lives here, because the manifest alone is of use. It names the libraries whose C needs longest to compile.
