//! Commands and programs that connect to a broker, to be copied as they are.

/// Where devices connect, and what they have to know for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    host: String,
    port: String,
    tls: bool,
    user: Option<String>,
}

impl Endpoint {
    /// `HOST:PORT`, `[IPV6]:PORT`; with TLS if `tls`, and with a user name if one is needed.
    pub fn new(address: &str, tls: bool, user: Option<&str>) -> Self {
        let usual = if tls { "8883" } else { "1883" };
        let (host, port) = address.rsplit_once(':').unwrap_or((address, usual));
        let host = host.trim_matches(['[', ']']).into();
        Self { host, port: port.into(), tls, user: user.map(str::to_owned) }
    }

    /// The options of mosquitto's clients; the usual port needs none.
    fn options(&self) -> String {
        let mut options = format!("-h {}", self.host);
        if self.port != "1883" {
            options.push_str(&format!(" -p {}", self.port));
        }
        if self.tls {
            options.push_str(" --cafile ca.pem");
        }
        if let Some(user) = &self.user {
            options.push_str(&format!(" -u {user} -P PASSWORD"));
        }
        options
    }

    fn url(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let (scheme, usual) = if self.tls { ("mqtts", "8883") } else { ("mqtt", "1883") };
        let port = if self.port == usual { String::new() } else { format!(":{}", self.port) };
        format!("{scheme}://{host}{port}")
    }

    fn node(&self) -> String {
        let mut options = Vec::new();
        if self.tls {
            options.push("ca: readFileSync('ca.pem')".to_owned());
        }
        if let Some(user) = &self.user {
            options.push(format!("username: '{user}', password: 'PASSWORD'"));
        }
        let import = if self.tls { "import { readFileSync } from 'node:fs'\n" } else { "" };
        let options =
            if options.is_empty() { String::new() } else { format!(", {{ {} }}", options.join(", ")) };
        format!(
            "import mqtt from 'mqtt'\n{import}\nconst client = mqtt.connect('{}'{options})\n\
             client.on('connect', async () => {{\n  console.log('connected')\n  \
             await client.subscribeAsync('test/topic')\n  client.publish('test/topic', 'Hello MQTT')\n}})\n\
             client.on('message', (topic, payload) => console.log(topic, payload.toString()))\n",
            self.url()
        )
    }

    fn python(&self) -> String {
        let tls = if self.tls { "client.tls_set('ca.pem')\n" } else { "" };
        let user = match &self.user {
            Some(user) => format!("client.username_pw_set('{user}', 'PASSWORD')\n"),
            None => String::new(),
        };
        format!(
            "import paho.mqtt.client as mqtt\n\ndef connected(client, userdata, flags, reason, properties):\n    \
             client.subscribe('test/topic')\n    client.publish('test/topic', 'Hello MQTT')\n\n\
             def message(client, userdata, message):\n    print(message.topic, message.payload.decode())\n\n\
             client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)\nclient.on_connect = connected\n\
             client.on_message = message\n{tls}{user}client.connect('{}', {})\nclient.loop_forever()\n",
            self.host, self.port
        )
    }

    fn arduino(&self) -> String {
        let (header, client, trust) = match self.tls {
            true => {
                ("WiFiClientSecure.h", "WiFiClientSecure", "  wifi.setCACert(CA); // the text of ca.pem\n")
            }
            false => ("WiFi.h", "WiFiClient", ""),
        };
        let user = match &self.user {
            Some(user) => format!(", \"{user}\", \"PASSWORD\""),
            None => String::new(),
        };
        // A device of its own cannot use a loopback name.
        let host = match self.host.as_str() {
            "localhost" | "127.0.0.1" | "::1" => "ADDRESS-OF-THIS-COMPUTER",
            host => host,
        };
        format!(
            "#include <{header}>\n#include <PubSubClient.h>\n\n{client} wifi;\nPubSubClient mqtt(wifi);\n\n\
             void heard(char* topic, byte* payload, unsigned int length) {{\n  Serial.write(payload, length);\n  \
             Serial.println();\n}}\n\nvoid setup() {{\n  Serial.begin(115200);\n  WiFi.begin(\"NETWORK\", \"PASSWORD\");\n  \
             while (WiFi.status() != WL_CONNECTED) delay(100);\n{trust}  mqtt.setServer(\"{host}\", {});\n  \
             mqtt.setCallback(heard);\n}}\n\nvoid loop() {{\n  if (!mqtt.connected() && mqtt.connect(\"esp32\"{user})) {{\n    \
             mqtt.subscribe(\"test/topic\");\n    mqtt.publish(\"test/topic\", \"Hello MQTT\");\n  }}\n  mqtt.loop();\n  \
             delay(10);\n}}\n",
            self.port
        )
    }
}

/// One kind of device and what to do on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// What the kind is called.
    pub name: &'static str,
    /// A sentence and the text to copy, each.
    pub steps: Vec<(&'static str, String)>,
}

/// What to copy for each kind of device: programs on this computer use `endpoint`, devices of their own
/// `network`.
pub fn recipes(endpoint: &Endpoint, network: &Endpoint) -> Vec<Recipe> {
    let options = endpoint.options();
    let recipe = |name, steps| Recipe { name, steps };
    vec![
        recipe(
            "mosquitto",
            vec![
                ("Listen to the whole house:", format!("mosquitto_sub {options} -v -t 'home/#'")),
                (
                    "Be a cold day in the living room, and watch the radiator:",
                    format!("mosquitto_pub {options} -t home/livingroom/temperature -m 15.5"),
                ),
            ],
        ),
        recipe("Node.js", vec![("Once:", "npm install mqtt".into()), ("hello.mjs:", endpoint.node())]),
        recipe("Python", vec![("Once:", "pip install paho-mqtt".into()), ("hello.py:", endpoint.python())]),
        recipe(
            "ESP32",
            vec![(
                "Arduino, with the PubSubClient library. An ESP32 needs the address of this computer on the network:",
                network.arduino(),
            )],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(endpoint: &Endpoint) -> String {
        let all = recipes(endpoint, endpoint).into_iter().flat_map(|recipe| recipe.steps);
        all.map(|(_, text)| text).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_usual_port_needs_no_option_and_another_does() {
        let usual = texts(&Endpoint::new("localhost:1883", false, None));
        assert!(usual.contains("mosquitto_sub -h localhost -v"), "{usual}");
        assert!(usual.contains("mqtt.connect('mqtt://localhost')"));
        assert!(!usual.contains("PASSWORD'") && !usual.contains("ca.pem"));
        let other = texts(&Endpoint::new("[::1]:1884", false, None));
        assert!(other.contains("-h ::1 -p 1884") && other.contains("mqtt://[::1]:1884"));
    }

    #[test]
    fn where_a_user_name_is_needed_every_recipe_has_one() {
        let all = recipes(
            &Endpoint::new("localhost:1883", false, Some("ada")),
            &Endpoint::new("10.0.0.2:1883", false, Some("ada")),
        );
        for recipe in all {
            assert!(recipe.steps.iter().any(|(_, text)| text.contains("ada")), "{}", recipe.name);
        }
    }

    #[test]
    fn where_only_tls_listens_every_recipe_trusts_the_certificate() {
        let all = texts(&Endpoint::new("there:8883", true, None));
        assert!(all.contains("mosquitto_pub -h there -p 8883 --cafile ca.pem"), "{all}");
        assert!(all.contains("mqtts://there'") && all.contains("readFileSync('ca.pem')"));
        assert!(all.contains("tls_set('ca.pem')") && all.contains("WiFiClientSecure wifi"));
    }
}
