import { expect, it } from 'vitest';
import { itemBytes } from './lane-buffer.ts';

it.each([
  { item: { number: 1 }, transfer: [], bytes: 0 },
  { item: new Uint8Array(40), transfer: [], bytes: 40 },
  { item: new Uint8Array(40).subarray(30), transfer: [], bytes: 10 },
  { item: new Float64Array(2), transfer: [], bytes: 16 },
  { item: { header: 1 }, transfer: [new ArrayBuffer(7), new ArrayBuffer(5)], bytes: 12 },
])('weighs $item as $bytes bytes unless its writer says otherwise', ({ item, transfer, bytes }) => {
  expect(itemBytes(item, transfer)).toBe(bytes);
});

it('weighs a view as the whole buffer that is handed over with it', () => {
  const view = new Uint8Array(64).subarray(60);
  expect(itemBytes(view, [view.buffer])).toBe(64);
});
