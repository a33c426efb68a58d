use qrcodegen::{QrCode as Code, QrCodeEcc};
use yew::prelude::*;

/// A QR code, dark on light in both schemes: cameras expect that.
#[derive(Properties, PartialEq)]
pub(super) struct QrCodeProps {
    pub(super) text: AttrValue,
}

#[component]
pub(super) fn QrCode(props: &QrCodeProps) -> Html {
    let Ok(code) = Code::encode_text(&props.text, QrCodeEcc::Medium) else {
        return html! { <p class="hint">{ "The address is too long for a QR code." }</p> };
    };
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|&x| code.get_module(x, y)) {
            path.push_str(&format!("M{} {}h1v1h-1z", x + 4, y + 4));
        }
    }
    let side = size + 8;
    html! {
        <svg class="qr" viewBox={format!("0 0 {side} {side}")} width="200" height="200" role="img"
            aria-label={format!("QR code of {}", props.text)}>
            <rect width="100%" height="100%" fill="#fff" /><path d={path} fill="#000" shape-rendering="crispEdges" />
        </svg>
    }
}
