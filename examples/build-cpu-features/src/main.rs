//! Chooses a function by what the processor can do, and does not expect other processors.

fn main() {
    println!("the sum: {}", sum(&[1, 2, 3]));
}

#[cfg(not(target_arch = "aarch64"))]
fn sum(numbers: &[u32]) -> u32 {
    // Every x86-64 processor has SSE2.
    if std::arch::is_x86_feature_detected!("sse2") { fast_sum(numbers) } else { numbers.iter().sum() }
}

#[cfg(target_arch = "aarch64")]
fn sum(numbers: &[u32]) -> u32 {
    if std::arch::is_aarch64_feature_detected!("neon") { fast_sum(numbers) } else { numbers.iter().sum() }
}

/// Stands for a function that uses such instructions.
fn fast_sum(numbers: &[u32]) -> u32 {
    numbers.iter().sum()
}
