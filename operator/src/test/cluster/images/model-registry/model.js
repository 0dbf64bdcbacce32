// A language model that fits in a few hundred kilobytes: one layer of random weights in the GGUF format (version 3), with
// a vocabulary of single bytes. What it says makes no sense; that it says something at all takes the whole real server.
const WIDTH = 64;
const INNER = 128;
const HEADS = 2;
const CONTEXT = 256;
const ALIGNMENT = 32;
const TYPE = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 };
const TOKEN = { normal: 1, unknown: 2, control: 3, unused: 5, byte: 6 };

function vocabulary() {
  const tokens = [['<unk>', TOKEN.unknown], ['<s>', TOKEN.control], ['</s>', TOKEN.control]];
  for (let i = 0; i < 256; i++) tokens.push([`<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`, TOKEN.byte]);
  tokens.push(['\u2581', TOKEN.normal]);
  for (let i = 33; i < 126; i++) tokens.push([String.fromCharCode(i), TOKEN.normal]);
  while (tokens.length % 32 !== 0) tokens.push([`<pad${tokens.length}>`, TOKEN.unused]);
  return tokens;
}

class Writer {
  #parts = [];
  length = 0;

  bytes(buffer) {
    this.#parts.push(buffer);
    this.length += buffer.length;
  }

  number(size, write) {
    const buffer = Buffer.alloc(size);
    write(buffer);
    this.bytes(buffer);
  }

  uint32(value) {
    this.number(4, (b) => b.writeUInt32LE(value));
  }

  uint64(value) {
    this.number(8, (b) => b.writeBigUInt64LE(BigInt(value)));
  }

  string(text) {
    const encoded = Buffer.from(text, 'utf8');
    this.uint64(encoded.length);
    this.bytes(encoded);
  }

  value(type, value) {
    if (type === TYPE.string) this.string(value);
    else if (type === TYPE.float32) this.number(4, (b) => b.writeFloatLE(value));
    else if (type === TYPE.int32) this.number(4, (b) => b.writeInt32LE(value));
    else this.uint32(value);
  }

  entry(key, type, value) {
    this.string(key);
    if (!Array.isArray(value)) {
      this.uint32(type);
      this.value(type, value);
      return;
    }
    this.uint32(TYPE.array);
    this.uint32(type);
    this.uint64(value.length);
    value.forEach((element) => this.value(type, element));
  }

  align() {
    this.bytes(Buffer.alloc((ALIGNMENT - (this.length % ALIGNMENT)) % ALIGNMENT));
  }

  done() {
    return Buffer.concat(this.#parts);
  }
}

/** Numbers that are the same for the same seed. */
function randomWeights(seed) {
  let state = seed;
  return (count) =>
    Buffer.from(
      Float32Array.from({ length: count }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return (state / 2 ** 32 - 0.5) * 0.1;
      }).buffer,
    );
}

/** The bytes of a model; another seed gives another model of the same size. */
export function model(seed) {
  const tokens = vocabulary();
  const entries = [
    ['general.architecture', TYPE.string, 'llama'],
    ['general.name', TYPE.string, 'tiny'],
    ['general.file_type', TYPE.uint32, 0],
    ['llama.context_length', TYPE.uint32, CONTEXT],
    ['llama.embedding_length', TYPE.uint32, WIDTH],
    ['llama.block_count', TYPE.uint32, 1],
    ['llama.feed_forward_length', TYPE.uint32, INNER],
    ['llama.attention.head_count', TYPE.uint32, HEADS],
    ['llama.attention.head_count_kv', TYPE.uint32, HEADS],
    ['llama.rope.dimension_count', TYPE.uint32, WIDTH / HEADS],
    ['llama.attention.layer_norm_rms_epsilon', TYPE.float32, 1e-5],
    ['tokenizer.ggml.model', TYPE.string, 'llama'],
    ['tokenizer.ggml.tokens', TYPE.string, tokens.map(([text]) => text)],
    ['tokenizer.ggml.scores', TYPE.float32, tokens.map(([, type], i) => (type === TOKEN.normal ? -i : 0))],
    ['tokenizer.ggml.token_type', TYPE.int32, tokens.map(([, type]) => type)],
  ];
  const weights = randomWeights(seed);
  const ones = () => Buffer.from(new Float32Array(WIDTH).fill(1).buffer);
  const matrix = (columns, rows) => ({ shape: [columns, rows], data: weights(columns * rows) });
  const norm = () => ({ shape: [WIDTH], data: ones() });
  const tensors = {
    'token_embd.weight': matrix(WIDTH, tokens.length),
    'output_norm.weight': norm(),
    'output.weight': matrix(WIDTH, tokens.length),
    'blk.0.attn_norm.weight': norm(),
    'blk.0.ffn_norm.weight': norm(),
    'blk.0.attn_q.weight': matrix(WIDTH, WIDTH),
    'blk.0.attn_k.weight': matrix(WIDTH, WIDTH),
    'blk.0.attn_v.weight': matrix(WIDTH, WIDTH),
    'blk.0.attn_output.weight': matrix(WIDTH, WIDTH),
    'blk.0.ffn_gate.weight': matrix(WIDTH, INNER),
    'blk.0.ffn_up.weight': matrix(WIDTH, INNER),
    'blk.0.ffn_down.weight': matrix(INNER, WIDTH),
  };

  const writer = new Writer();
  writer.bytes(Buffer.from('GGUF'));
  writer.uint32(3);
  writer.uint64(Object.keys(tensors).length);
  writer.uint64(entries.length);
  entries.forEach((entry) => writer.entry(...entry));
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    writer.string(name);
    writer.uint32(shape.length);
    shape.forEach((size) => writer.uint64(size));
    writer.uint32(0); // 32-bit floats
    writer.uint64(offset);
    // Every tensor is a multiple of the alignment long.
    offset += data.length;
  }
  writer.align();
  Object.values(tensors).forEach(({ data }) => writer.bytes(data));
  return writer.done();
}
