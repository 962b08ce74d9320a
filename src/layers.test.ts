import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModule } from '../scripts/read-module.ts';

/** Path from the project's root, with `/`, to content. */
type Sources = ReadonlyMap<string, string>;

interface Layer {
  /** Folders of `src` it may import, besides itself. */
  readonly imports: readonly string[];
  /** npm packages it may import. Each one more is weight for every user, so it is a decision and stands here. */
  readonly packages?: readonly string[];
  /** Runs in Node only. Without it, a layer runs in a browser too. */
  readonly node?: true;
  /** Same input, same output: no clock, timer, randomness or global state either. */
  readonly pure?: true;
}

const belowAdapters = ['core', 'supervisor', 'channel', 'pool', 'fanout', 'sender', 'media', 'codec'];
const below = belowAdapters.join(', ');
const adapters = ['rtmp', 'ffmpeg', 'websocket'];

const layers: Readonly<Record<string, Layer>> = {
  core: { imports: [], packages: ['eventemitter3'] },
  supervisor: { imports: ['core'], node: true },
  channel: { imports: ['core'], node: true },
  pool: { imports: ['core'], packages: ['piscina'], node: true },
  fanout: { imports: ['core'] },
  sender: { imports: ['core'], packages: ['p-queue'], node: true },
  media: { imports: ['core', 'fanout'] },
  codec: { imports: ['core', 'media'], pure: true },
  rtmp: { imports: belowAdapters, node: true },
  ffmpeg: { imports: belowAdapters, packages: ['fluent-ffmpeg'], node: true },
  websocket: { imports: belowAdapters, packages: ['ws'], node: true },
  testing: { imports: belowAdapters, node: true },
  'index.ts': { imports: belowAdapters, node: true },
  'worker.ts': { imports: belowAdapters, node: true },
};

const impureNames = [
  ...['Buffer', 'process', 'global', 'globalThis', 'performance', 'crypto', 'fetch', 'Math.random'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Date.now', 'Date()', 'new Date()'],
];

const exampleRule = 'an example imports public entry points, packages, and files of its own folder';
const project = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly name: string;
  readonly exports: object;
};

const neighbours = 'imports ../websocket/y.ts: adapters never import each other';

describe('the layers', () => {
  it('are kept by every file of src', () => {
    expect(violations(readSources('src'))).toEqual([]);
  }, 60_000); // It parses every file.

  it('are read from the real files, imports and all', () => {
    const sources = readSources('src');
    expect([...sources.keys()]).toEqual(
      expect.arrayContaining(['src/core/emitter.ts', 'src/rtmp/ingest.worker.ts']),
    );
    expect(importsOf('src/core/emitter.ts')).toContain('eventemitter3');
    expect(importsOf('src/rtmp/rtmp-ingest.ts')).toContain('./ingest.worker.ts');

    function importsOf(file: string): readonly string[] {
      return readModule(file, sources.get(file) ?? '').imports;
    }
  });

  it('of the browser stand on layers of the browser only', () => {
    const forBrowsers = Object.keys(layers).filter((name) => !layers[name]?.node);
    expect(forBrowsers).toEqual(['core', 'fanout', 'media', 'codec']);
    expect(forBrowsers).toEqual(
      expect.arrayContaining(forBrowsers.flatMap((name) => layers[name]?.imports ?? [])),
    );
  });

  it.each([
    ['a static import', `import { x } from '../supervisor/x.ts';`],
    ['a type import', `import type { X } from '../supervisor/x.ts';`],
    ['a side effect', `import '../supervisor/x.ts';`],
    ['a re-export', `export * from '../supervisor/x.ts';`],
    ['a dynamic import', `const x = await import('../supervisor/x.ts');`],
    ['a template without holes', 'const x = await import(`../supervisor/x.ts`);'],
    ['a type in an expression', `let x: import('../supervisor/x.ts').X;`],
    ['a worker file', `new Worker(new URL('../supervisor/x.ts', import.meta.url));`],
    ['a worker file beside', `siblingModule('../supervisor/x', import.meta.url);`],
  ])('are broken by %s', (_form, source) => {
    expect(violations(new Map([['src/fanout/bad.ts', source]]))).toEqual([
      'src/fanout/bad.ts imports ../supervisor/x.ts: fanout may import core',
    ]);
  });

  it.each([
    ['src/core/x.ts', `import '../media/y.ts';`, 'imports ../media/y.ts: core may import nothing but itself'],
    ['src/core/x.ts', `import 'ws';`, 'imports ws: core may import the packages eventemitter3'],
    ['src/media/x.ts', `import 'ws';`, 'imports ws: media may import no package'],
    ['src/core/x.ts', `import 'node:fs';`, 'imports node:fs: core runs in a browser too'],
    ['src/sender/x.ts', `import 'fs';`, 'imports fs: write node:fs'],
    ['src/sender/x.ts', `import 'p-queue/x';`, undefined],
    ['src/sender/x.ts', `import 'node:http';`, undefined],
    ['src/media/x.ts', `import '../../package.json';`, 'imports ../../package.json: it lies outside src'],
    ['src/rtmp/x.ts', `import '../websocket/y.ts';`, neighbours],
    ['src/rtmp/x.test.ts', `import '../websocket/y.ts';`, neighbours],
    ['src/rtmp/x.test.ts', `import '../testing/y.ts'; import 'vitest';`, undefined],
    ['src/rtmp/x.ts', `import '../codec/y.ts'; import './z.ts';`, undefined],
    ['src/index.ts', `export * from './rtmp/z.ts';`, `imports ./rtmp/z.ts: index.ts may import ${below}`],
    ['src/new/x.ts', '', 'belongs to no layer: name src/new in src/layers.test.ts'],
    ['src/fanout/x.ts', 'await import(name);', 'imports name: only a layer for Node may compute an import'],
    ['src/channel/x.ts', 'await import(name);', undefined],
    ['src/codec/x.ts', 'const at = Date.now();', 'uses Date.now: codec is pure'],
    ['src/codec/x.ts', 'const at = new Date();', 'uses new Date(): codec is pure'],
    ['src/codec/x.ts', 'const at = new Date;', 'uses new Date(): codec is pure'],
    ['src/codec/x.ts', 'const at = new Date(0); const isDate = at instanceof Date;', undefined],
    ['src/codec/x.ts', 'const id = Math.random();', 'uses Math.random: codec is pure'],
    ['src/codec/x.ts', 'const b = { bytes: Buffer.alloc(1) };', 'uses Buffer: codec is pure'],
    ['src/codec/x.ts', 'const late = { setTimeout };', 'uses setTimeout: codec is pure'],
    [
      'src/codec/x.ts',
      `/* Buffer */ const a = { process: 'Date.now()' }; a.process; Math.min(1, 2);`,
      undefined,
    ],
    ['src/codec/x.test.ts', 'Date.now();', undefined],
    ['src/sender/x.ts', 'Date.now();', undefined],
  ])('judge %s with %j', (file, source, verdict) => {
    expect(violations(new Map([[file, source]]))).toEqual(
      verdict === undefined ? [] : [`${file} ${verdict}`],
    );
  });
});

describe('the examples', () => {
  it('import only what a user can import', () => {
    expect(exampleViolations(readSources('examples'))).toEqual([]);
  });

  it.each([
    [
      `import { Supervisor } from 'spillway'; import 'spillway/rtmp'; import 'node:http'; import 'ws';`,
      undefined,
    ],
    [`import './lib/server.ts'; new URL('./page/', import.meta.url);`, undefined],
    [`import '../../src/core/clock.ts';`, '../../src/core/clock.ts'],
    [`new URL('../../scripts/x.mjs', import.meta.url);`, '../../scripts/x.mjs'],
    [`import '../other/main.ts';`, '../other/main.ts'],
    [`import 'spillway/core';`, 'spillway/core'],
  ])('are judged right with %j', (source, refused) => {
    const found = exampleViolations(new Map([['examples/one/main.ts', source]]));
    expect(found).toEqual(
      refused === undefined ? [] : [`examples/one/main.ts imports ${refused}: ${exampleRule}`],
    );
  });
});

function readSources(folder: string): Sources {
  const root = new URL('../', import.meta.url);
  const names = readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' });
  const files = names
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .filter((name) => name.endsWith('.ts'));
  return new Map(files.sort().map((file) => [file, readFileSync(new URL(file, root), 'utf8')]));
}

function violations(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) => judgeFile(file, text).map((verdict) => `${file} ${verdict}`));
}

function judgeFile(file: string, text: string): string[] {
  const { imports, computedImports, names } = readModule(file, text);
  const from = layerOf(file);
  if (isTest(file)) return imports.flatMap((specifier) => judgeNeighbour(file, specifier) ?? []);
  const layer = layers[from];
  if (layer === undefined) return [`belongs to no layer: name src/${from} in src/layers.test.ts`];
  return [
    ...imports.flatMap((specifier) => judgeImport(file, layer, specifier) ?? []),
    ...(layer.node ? [] : computedImports).map(
      (code) => `imports ${code}: only a layer for Node may compute an import`,
    ),
    ...(layer.pure ? impureNames : [])
      .filter((name) => names.has(name))
      .map((name) => `uses ${name}: ${from} is pure`),
  ];
}

function judgeImport(file: string, layer: Layer, specifier: string): string | undefined {
  const from = layerOf(file);
  if (specifier.startsWith('node:'))
    return layer.node ? undefined : `imports ${specifier}: ${from} runs in a browser too`;
  if (!specifier.startsWith('.')) return judgePackage(from, layer, specifier);
  const target = posix.join(posix.dirname(file), specifier);
  if (!target.startsWith('src/')) return `imports ${specifier}: it lies outside src`;
  if (layerOf(target) === from || layer.imports.includes(layerOf(target))) return undefined;
  const allowed = layer.imports.join(', ') || 'nothing but itself';
  return judgeNeighbour(file, specifier) ?? `imports ${specifier}: ${from} may import ${allowed}`;
}

function judgePackage(from: string, { packages = [] }: Layer, specifier: string): string | undefined {
  if (isBuiltin(specifier)) return `imports ${specifier}: write node:${specifier}`;
  if (packages.includes(packageOf(specifier))) return undefined;
  return `imports ${specifier}: ${from} may import ${packages.length > 0 ? `the packages ${packages.join(', ')}` : 'no package'}`;
}

function judgeNeighbour(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const [from, to] = [layerOf(file), layerOf(posix.join(posix.dirname(file), specifier))];
  if (from === to || !adapters.includes(from) || !adapters.includes(to)) return undefined;
  return `imports ${specifier}: adapters never import each other`;
}

function exampleViolations(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) =>
    (isTest(file) ? [] : readModule(file, text).imports)
      .filter((specifier) => !mayExampleImport(file, specifier))
      .map((specifier) => `${file} imports ${specifier}: ${exampleRule}`),
  );
}

function mayExampleImport(file: string, specifier: string): boolean {
  const [examples, own] = file.split('/');
  if (specifier.startsWith('.'))
    return posix.join(posix.dirname(file), specifier).startsWith(`${examples}/${own}/`);
  return packageOf(specifier) !== project.name || specifier.replace(project.name, '.') in project.exports;
}

/** `src/core/clock.ts` lies in `core`, `src/index.ts` is a layer of its own. */
function layerOf(file: string): string {
  return file.split('/')[1] ?? '';
}

/** `@scope/name/path` and `name/path` without their path. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

// What only tests use may use what tests use.
function isTest(file: string): boolean {
  return /\.test\.ts$|\/test-support\.ts$|\/(fixtures|conformance)\//.test(file);
}
