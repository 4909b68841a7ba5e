//! Tests. The build script has rustc make a program of them, with the harness that `cargo test` uses.

// For cargo, this is a program whose `main` comes from elsewhere: see the build script.
#![cfg_attr(not(test), no_main)]

#[cfg(test)]
mod passing {
    #[test]
    fn adds() {
        println!("captured, as the test passes");
        assert_eq!(1 + 1, 2);
    }

    #[test]
    fn subtracts() {
        assert_eq!(2 - 1, 1);
    }
}

#[cfg(test)]
mod should_panic {
    use std::hint::black_box;

    #[test]
    #[should_panic = "divide by zero"]
    fn divides_by_zero() {
        println!("{}", 1 / black_box(0));
    }

    /// A bug, which the test is there to find.
    #[test]
    #[should_panic]
    fn does_not_panic() {
        println!("{}", 1 / black_box(1));
    }
}

#[cfg(test)]
mod failing {
    #[test]
    fn adds_wrongly() {
        println!("before the failure");
        assert_eq!(1 + 1, 3, "the sum is wrong");
    }

    #[test]
    fn comes_later() {
        assert_eq!(2 - 1, 1);
    }
}

#[cfg(test)]
mod results {
    use std::num::ParseIntError;

    #[test]
    fn parses_a_word() -> Result<(), ParseIntError> {
        println!("before the failure");
        assert_eq!("one".parse::<u8>()?, 1);
        Ok(())
    }

    #[test]
    fn parses_later() -> Result<(), ParseIntError> {
        assert_eq!("1".parse::<u8>()?, 1);
        Ok(())
    }
}
