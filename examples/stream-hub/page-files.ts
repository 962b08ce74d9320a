import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const headers = {
  'cache-control': 'no-cache',
  'x-content-type-options': 'nosniff',
};

/** Answers with a file of the page: at most one folder deep and no `..`, so that nothing else can be asked for. */
export function servePage(path: string, request: IncomingMessage, response: ServerResponse): void {
  const file = fileOf(path);
  if (request.method !== 'GET' || file === undefined) return notFound(response);
  readFile(file).then(
    (content) => response.writeHead(200, { ...headers, 'content-type': types[extname(file)] }).end(content),
    () => notFound(response),
  );
}

function fileOf(path: string): string | undefined {
  const name = path === '/' ? 'index.html' : path.slice(1);
  if (!/^([\w-]+\/)?[\w-]+\.\w+$/.test(name) || types[extname(name)] === undefined) return undefined;
  return fileURLToPath(new URL(`./page/${name}`, import.meta.url));
}

function notFound(response: ServerResponse): void {
  response.writeHead(404, { 'content-type': 'text/plain' }).end('There is nothing here.\n');
}
