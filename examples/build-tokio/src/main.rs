//! An asynchronous `main`, as most programs with tokio begin.

#[tokio::main]
async fn main() {
    let sum = tokio::spawn(async { (1..=100).sum::<u32>() }).await;
    println!("the sum is {sum:?}");
}
