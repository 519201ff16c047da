#![cfg_attr(fuzzing, no_main)]

m531x_fuzz::target!(m531x_fuzz::recording);
