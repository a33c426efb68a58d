// The exchange between the tabs of one origin: it introduces a tab that wants a broker to the tab
// that runs it, and does nothing else. A SharedWorker must answer `connect` at once, before any wasm
// could be loaded, which is why this one file is JavaScript.
"use strict";

/** Ports of all open tabs; those that asked for a broker of another tab are marked. */
const wanting = new Map();
let serving = null;

/** Gives both tabs the ends of two channels: one for MQTT over link frames, one for operator views. */
function introduce(guest) {
  const mqtt = new MessageChannel();
  const control = new MessageChannel();
  serving.postMessage("guest", [mqtt.port1, control.port1]);
  guest.postMessage("host", [mqtt.port2, control.port2]);
}

self.onconnect = (event) => {
  const tab = event.ports[0];
  wanting.set(tab, false);
  tab.onmessage = ({ data }) => {
    if (data === "serving") {
      serving = tab;
      wanting.set(tab, false);
      for (const [other, wants] of wanting) if (wants) introduce(other);
    } else if (data === "wanting") {
      wanting.set(tab, true);
      if (serving) introduce(tab);
    } else if (data === "leaving") {
      wanting.delete(tab);
      if (serving === tab) serving = null;
    }
  };
};
