//! Says hello to itself over TCP, with the sockets of tokio.

use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let answer = async {
        let (mut stream, _) = listener.accept().await?;
        stream.write_all(b"hello").await
    };
    let ask = async {
        let mut said = String::new();
        TcpStream::connect(address).await?.read_to_string(&mut said).await?;
        Ok(said)
    };
    let ((), said) = tokio::try_join!(answer, ask)?;
    println!("{said}");
    Ok(())
}
