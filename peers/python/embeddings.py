"""A small server of embeddings, to measure rankings with: `POST /v1/embeddings` as OpenAI defined it.

Runs an ONNX export of a sentence model on onnxruntime: mean of the last layer over the words of a text, length one. For
loopback and one caller; vectors are remembered, so that what is measured twice is not computed twice. Prints its base
URL when it can be used.
"""

import argparse
import http.server
import json
import pathlib

import numpy
import onnxruntime
import tokenizers

BATCH = 16


class Model:
    """A tokenizer and a network."""

    def __init__(self, network: pathlib.Path, tokenizer: pathlib.Path, words: int, threads: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
        self.inputs = {one.name for one in self.session.get_inputs()}
        self.tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer))
        self.tokenizer.enable_truncation(words)
        self.tokenizer.enable_padding()
        self.remembered = {}

    def vectors(self, texts):
        encoded = self.tokenizer.encode_batch(texts)
        read = [tuple(one.ids[: sum(one.attention_mask)]) for one in encoded]
        # Texts of like length go together: the shorter ones of a batch are filled up to the longest.
        missing = sorted({ids for ids in read if ids not in self.remembered}, key=len)
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            self.remembered.update(zip(batch, self.compute(batch)))
        return [self.remembered[ids] for ids in read]

    def compute(self, batch):
        longest = max(len(ids) for ids in batch)
        ids = numpy.zeros((len(batch), longest), dtype=numpy.int64)
        mask = numpy.zeros_like(ids)
        for row, text in enumerate(batch):
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
        given = {name: value for name, value in given.items() if name in self.inputs}
        (layer, *_) = self.session.run(None, given)
        weights = mask[:, :, None].astype(numpy.float32)
        mean = (layer * weights).sum(axis=1) / weights.sum(axis=1)
        return (mean / numpy.linalg.norm(mean, axis=1, keepdims=True)).tolist()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: Model

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path != "/v1/embeddings":
            return self.answer(404, {"error": {"message": "there is only /v1/embeddings"}})
        try:
            asked = json.loads(body)
            texts = asked["input"]
        except (ValueError, KeyError, TypeError):
            return self.answer(400, {"error": {"message": "expected a document with input"}})
        texts = [texts] if isinstance(texts, str) else texts
        rows = enumerate(self.model.vectors(texts))
        data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in rows]
        return self.answer(200, {"object": "list", "model": asked.get("model"), "data": data})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", type=pathlib.Path, help="the model, as ONNX")
    parser.add_argument("tokenizer", type=pathlib.Path, help="its tokenizer.json")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--words", type=int, default=256, help="how many pieces of words of a text are read")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    Handler.model = Model(given.network, given.tokenizer, given.words, given.threads)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", given.port), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
