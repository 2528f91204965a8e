//! The limit: a bare hyper server that returns a prebuilt body and does nothing else.

use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Outcome;

/// Serves until the process ends: every request is answered with a body of so many bytes.
pub(crate) fn serve(listen: SocketAddr, bytes: usize) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(accept(listen, Bytes::from(vec![b'x'; bytes])))
}

async fn accept(listen: SocketAddr, body: Bytes) -> Outcome<()> {
    let listener = TcpListener::bind(listen).await?;
    writeln!(std::io::stdout(), "serving http://{}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let body = body.clone();
        let service = service_fn(move |_: Request<hyper::body::Incoming>| {
            let body = body.clone();
            async move {
                let mut response = Response::new(Full::new(body));
                let json = header::HeaderValue::from_static("application/json");
                response.headers_mut().insert(header::CONTENT_TYPE, json);
                Ok::<_, Infallible>(response)
            }
        });
        tokio::spawn(async move {
            let mut http = http1::Builder::new();
            // A connection that breaks off is its client's business.
            let _ = http.pipeline_flush(true).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
