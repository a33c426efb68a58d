//! What a page and its workers hold in memory, as the developer tools count it.

use serde_json::{Value, json};

use super::page::Page;

/// What a page or one of its workers holds after everything that nobody needs any more was collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heap {
    /// Its address.
    pub url: String,
    /// What JavaScript and the document hold, in bytes.
    pub objects: u64,
    /// The memory of its WebAssembly, in bytes: it grows and never becomes less.
    pub wasm: u64,
}

impl Heap {
    /// All of it, in bytes.
    pub fn bytes(&self) -> u64 {
        self.objects + self.wasm
    }
}

impl Page {
    /// The heaps of the page and of its workers, collected.
    ///
    /// # Panics
    /// When the browser does not tell.
    pub fn heaps(&self) -> Vec<Heap> {
        let attach = |on| json!({ "autoAttach": on, "waitForDebuggerOnStart": false, "flatten": true });
        let mut heaps = vec![self.heap(&self.session, "the page")];
        let (_, events) = self.hear(&self.session, "Target.setAutoAttach", attach(true));
        let workers = events.iter().filter(|event| event["method"] == "Target.attachedToTarget");
        let workers = workers.map(|event| &event["params"]).filter(|it| it["targetInfo"]["type"] == "worker");
        heaps.extend(workers.map(|worker| {
            let name = |key: &str| worker["targetInfo"][key].as_str().unwrap_or_default();
            self.heap(worker["sessionId"].as_str().unwrap_or_default(), name("url"))
        }));
        self.hear(&self.session, "Target.setAutoAttach", attach(false));
        heaps
    }

    fn heap(&self, session: &str, url: &str) -> Heap {
        let call = |method: &str, params: Value| self.hear(session, method, params).0;
        let memories = call("Runtime.evaluate", json!({ "expression": "WebAssembly.Memory.prototype" }));
        let prototype = json!({ "prototypeObjectId": memories["result"]["objectId"] });
        // It collects before it looks.
        let memories = call("Runtime.queryObjects", prototype)["objects"]["objectId"].take();
        let sum = "function() { return this.reduce((sum, one) => sum + one.buffer.byteLength, 0) }";
        let asked = json!({ "objectId": memories, "functionDeclaration": sum, "returnByValue": true });
        let wasm = call("Runtime.callFunctionOn", asked)["result"]["value"].as_u64();
        call("Runtime.releaseObject", json!({ "objectId": memories }));
        call("HeapProfiler.collectGarbage", json!({}));
        let used = call("Runtime.getHeapUsage", json!({}));
        let bytes = |key: &str| used[key].as_f64().unwrap_or_default() as u64;
        Heap {
            url: url.rsplit('/').next().unwrap_or_default().to_owned(),
            objects: bytes("usedSize") + bytes("embedderHeapUsedSize") + bytes("backingStorageSize"),
            wasm: wasm.unwrap_or_default(),
        }
    }

    fn hear(&self, session: &str, method: &str, params: Value) -> (Value, Vec<Value>) {
        let answer = self.tools.borrow_mut().call_and_hear(Some(session), method, params);
        answer.unwrap_or_else(|error| panic!("{error}"))
    }
}
