import { describe, expect, it } from 'vitest';

interface Capabilities {
  readonly forced: string | null;
  readonly hasWebCodecs: boolean;
  readonly hasMse: boolean;
}
type Choose = (
  tag: { type: number; timestampMs: number; body: Uint8Array },
  capabilities: Capabilities,
) => string | null;

// The page is plain JavaScript without declarations, so its shape stands here.
const source: string = new URL('./engines.js', import.meta.url).href;
const { engineFor } = (await import(source)) as { engineFor: Choose };

const tagOf = (type: number, hex: string) => ({
  type,
  timestampMs: 0,
  body: new Uint8Array(Buffer.from(hex, 'hex')),
});
const video = tagOf(9, '170100000000000001aa');
const image = tagOf(9, '936a706567ffd8');
const all: Capabilities = { forced: null, hasWebCodecs: true, hasMse: true };

describe('engineFor', () => {
  it.each([
    { name: 'WebCodecs where the page may use it', tag: video, can: all, engine: 'webcodecs' },
    { name: 'MSE on a page without', tag: video, can: { ...all, hasWebCodecs: false }, engine: 'mse' },
    { name: 'MSE when it is forced', tag: video, can: { ...all, forced: 'mse' }, engine: 'mse' },
    {
      name: 'WebCodecs when it is forced',
      tag: video,
      can: { ...all, forced: 'webcodecs' },
      engine: 'webcodecs',
    },
    {
      name: 'the best one for an unknown word',
      tag: video,
      can: { ...all, forced: 'odd' },
      engine: 'webcodecs',
    },
    { name: 'the image engine for image files', tag: image, can: all, engine: 'image' },
    {
      name: 'the image engine also when one is forced',
      tag: image,
      can: { ...all, forced: 'mse' },
      engine: 'image',
    },
    {
      name: 'none without any decoder',
      tag: video,
      can: { forced: null, hasWebCodecs: false, hasMse: false },
      engine: null,
    },
    { name: 'none for sound', tag: tagOf(8, 'af0100'), can: all, engine: null },
    { name: 'none for an unknown codec', tag: tagOf(9, '1400000000'), can: all, engine: null },
    { name: 'none for an end of sequence', tag: tagOf(9, '1702000000'), can: all, engine: null },
  ])('takes $name', ({ tag, can, engine }) => {
    expect(engineFor(tag, can)).toBe(engine);
  });
});
