// A registry from which Ollama pulls, with models that are made when it starts:
//   library/tiny     comes at once
//   library/slow     takes about 20 seconds
//   library/steady   likewise, of other bytes
//   library/huge     says that it is 50 GB large, and sends zeros
//   library/corrupt  is not what its digest says
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { model } from './model.js';

const PORT = 5000;
const HUGE = 50e9;
const SLOW_BYTES_A_SECOND = 20_000;
const CHUNK = 16 * 1024;

const blobs = new Map();
const manifests = new Map();

function digestOf(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function blob(bytes, { digest = digestOf(bytes), size = bytes.length, rate = Infinity } = {}) {
  blobs.set(digest, { bytes, size, rate });
  return { digest, size };
}

function publish(name, weights) {
  const config = Buffer.from(
    JSON.stringify({
      model_format: 'gguf',
      model_family: 'llama',
      model_families: ['llama'],
      model_type: '92K',
      file_type: 'F32',
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [weights.digest] },
    }),
  );
  manifests.set(`library/${name}`, {
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...blob(config) },
    layers: [
      { mediaType: 'application/vnd.ollama.image.model', ...weights },
      { mediaType: 'application/vnd.ollama.image.template', ...blob(Buffer.from('{{ .Prompt }}')) },
      { mediaType: 'application/vnd.ollama.image.params', ...blob(Buffer.from('{"num_ctx":128,"num_predict":8}')) },
    ],
  });
}

publish('tiny', blob(model(1)));
publish('slow', blob(model(2), { rate: SLOW_BYTES_A_SECOND }));
publish('steady', blob(model(4), { rate: SLOW_BYTES_A_SECOND }));
publish('huge', blob(Buffer.alloc(CHUNK), { digest: digestOf(Buffer.from('huge')), size: HUGE, rate: 1e6 }));
publish('corrupt', blob(model(3), { digest: digestOf(Buffer.from('corrupt')) }));

async function send(response, { bytes, size, rate }, first, last) {
  const started = Date.now();
  const closed = once(response, 'close');
  for (let at = first; at <= last && !response.destroyed; ) {
    const length = Math.min(CHUNK, last + 1 - at);
    const chunk = size === bytes.length ? bytes.subarray(at, at + length) : bytes.subarray(0, length);
    if (!response.write(chunk)) await Promise.race([once(response, 'drain'), closed]);
    at += length;
    const due = started + ((at - first) / rate) * 1000;
    if (due > Date.now()) await sleep(due - Date.now());
  }
  response.end();
}

createServer(async (request, response) => {
  const [, name, kind, reference] = request.url.match(/^\/v2\/(.+)\/(manifests|blobs)\/([^/?]+)/) ?? [];
  console.log(`${request.method} ${request.url} ${request.headers.range ?? ''}`);
  const head = request.method === 'HEAD';
  if (kind === 'manifests' && manifests.has(name)) {
    const manifest = manifests.get(name);
    response.writeHead(200, { 'Content-Type': manifest.mediaType });
    response.end(head ? undefined : JSON.stringify(manifest));
  } else if (kind === 'blobs' && blobs.has(reference)) {
    const found = blobs.get(reference);
    const [, from, to] = request.headers.range?.match(/^bytes=(\d+)-(\d*)$/) ?? [];
    const first = Number(from ?? 0);
    const last = to ? Math.min(Number(to), found.size - 1) : found.size - 1;
    response.writeHead(from === undefined ? 200 : 206, {
      'Content-Length': last + 1 - first,
      'Accept-Ranges': 'bytes',
      'Content-Range': `bytes ${first}-${last}/${found.size}`,
      // Ollama asks each blob where it is before it takes it.
      Location: '?direct=1',
    });
    if (head) response.end();
    else await send(response, found, first, last);
  } else if (request.url === '/v2/') {
    response.writeHead(200).end('{}');
  } else {
    response.writeHead(404).end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'not found' }] }));
  }
}).listen(PORT, () => console.log(`listening on ${PORT}`));
process.once('SIGTERM', () => process.exit(0));
