//! Commands and programs that connect to a broker, to be copied as they are.

/// Where devices connect.
pub(super) struct Endpoint {
    host: String,
    port: String,
}

impl Endpoint {
    /// `HOST:PORT`, `[IPV6]:PORT`.
    pub(super) fn parse(address: &str) -> Self {
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "1883"));
        Self { host: host.trim_matches(['[', ']']).into(), port: port.into() }
    }

    /// The options of mosquitto's clients; the usual port needs none.
    fn options(&self) -> String {
        let port = if self.port == "1883" { String::new() } else { format!(" -p {}", self.port) };
        format!("-h {}{port}", self.host)
    }

    fn url(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let port = if self.port == "1883" { String::new() } else { format!(":{}", self.port) };
        format!("mqtt://{host}{port}")
    }
}

/// One kind of device and what to do on it.
pub(super) struct Recipe {
    pub(super) name: &'static str,
    /// A sentence and the text to copy.
    pub(super) steps: Vec<(&'static str, String)>,
}

/// What to copy for each kind of device: programs on this computer use `endpoint`, devices of their own
/// `network`.
pub(super) fn recipes(endpoint: &Endpoint, network: &Endpoint) -> Vec<Recipe> {
    let Endpoint { host, port } = endpoint;
    let (options, url) = (endpoint.options(), endpoint.url());
    vec![
        Recipe {
            name: "mosquitto",
            steps: vec![
                ("Listen to the whole house:", format!("mosquitto_sub {options} -v -t 'home/#'")),
                (
                    "Be a cold day in the living room, and watch the radiator:",
                    format!("mosquitto_pub {options} -t home/livingroom/temperature -m 15.5"),
                ),
            ],
        },
        Recipe {
            name: "Node.js",
            steps: vec![
                ("Once:", "npm install mqtt".into()),
                (
                    "hello.mjs:",
                    format!(
                        "import mqtt from 'mqtt'\n\nconst client = mqtt.connect('{url}')\n\
                         client.on('connect', async () => {{\n  console.log('connected')\n  \
                         await client.subscribeAsync('test/topic')\n  client.publish('test/topic', 'Hello MQTT')\n}})\n\
                         client.on('message', (topic, payload) => console.log(topic, payload.toString()))\n"
                    ),
                ),
            ],
        },
        Recipe {
            name: "Python",
            steps: vec![
                ("Once:", "pip install paho-mqtt".into()),
                (
                    "hello.py:",
                    format!(
                        "import paho.mqtt.client as mqtt\n\ndef connected(client, userdata, flags, reason, properties):\n    \
                         client.subscribe('test/topic')\n    client.publish('test/topic', 'Hello MQTT')\n\n\
                         def message(client, userdata, message):\n    print(message.topic, message.payload.decode())\n\n\
                         client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)\nclient.on_connect = connected\n\
                         client.on_message = message\nclient.connect('{host}', {port})\nclient.loop_forever()\n"
                    ),
                ),
            ],
        },
        Recipe {
            name: "ESP32",
            steps: vec![(
                "Arduino, with the PubSubClient library. An ESP32 needs the address of this computer on the network:",
                format!(
                    "#include <WiFi.h>\n#include <PubSubClient.h>\n\nWiFiClient wifi;\nPubSubClient mqtt(wifi);\n\n\
                     void heard(char* topic, byte* payload, unsigned int length) {{\n  Serial.write(payload, length);\n  \
                     Serial.println();\n}}\n\nvoid setup() {{\n  Serial.begin(115200);\n  WiFi.begin(\"NETWORK\", \"PASSWORD\");\n  \
                     while (WiFi.status() != WL_CONNECTED) delay(100);\n  mqtt.setServer(\"{}\", {});\n  \
                     mqtt.setCallback(heard);\n}}\n\nvoid loop() {{\n  if (!mqtt.connected() && mqtt.connect(\"esp32\")) {{\n    \
                     mqtt.subscribe(\"test/topic\");\n    mqtt.publish(\"test/topic\", \"Hello MQTT\");\n  }}\n  mqtt.loop();\n  \
                     delay(10);\n}}\n",
                    reachable(&network.host),
                    network.port
                ),
            )],
        },
    ]
}

/// A device of its own cannot use a loopback name.
fn reachable(host: &str) -> &str {
    if matches!(host, "localhost" | "127.0.0.1" | "::1") { "ADDRESS-OF-THIS-COMPUTER" } else { host }
}
