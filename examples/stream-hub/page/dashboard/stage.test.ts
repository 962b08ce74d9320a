import { expect, it } from 'vitest';

type Reduction = { readonly mode: string; readonly every: number; readonly instead?: string } | null;
const source: string = new URL('./stage.js', import.meta.url).href;
const { reductionText } = (await import(source)) as { reductionText(reduction: Reduction): string };

it.each([
  { reduction: null, text: '' },
  { reduction: { mode: 'keyframes', every: 1 }, text: 'keyframes only' },
  { reduction: { mode: 'keyframes', every: 2 }, text: 'every 2nd keyframe' },
  { reduction: { mode: 'keyframes', every: 13 }, text: 'every 13th keyframe' },
  { reduction: { mode: 'keyframes', every: 21 }, text: 'every 21st keyframe' },
  { reduction: { mode: 'lower', every: 1, instead: 'live/small' }, text: 'live/small in its place' },
])('says "$text" for what the server leaves out', ({ reduction, text }) => {
  expect(reductionText(reduction)).toBe(text);
});
