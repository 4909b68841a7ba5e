//! Prints the user's locale, as sys-locale finds it.

fn main() {
    println!("locale: {:?}", sys_locale::get_locale());
}
