// Asks a daemon one thing over its WebSocket and prints the result as JSON.
// usage: node ask.mjs URL TOKEN METHOD PARAMS

const [url, token, method, params] = process.argv.slice(2);
const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws`, ["car.v1", `car.bearer.${token}`]);

function end(code, text) {
  (code ? console.error : console.log)(text);
  process.exit(code);
}

socket.onopen = () => socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: JSON.parse(params) }));
socket.onclose = ({ code, reason }) => end(1, `the daemon closed the connection: ${code} ${reason}`);
socket.onmessage = ({ data }) => {
  const { id, result, error } = JSON.parse(data);
  // Everything else is what the daemon tells unasked.
  if (id !== 1) return;
  if (error) end(1, JSON.stringify(error));
  end(0, JSON.stringify(result));
};
