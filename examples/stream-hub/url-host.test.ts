import { describe, expect, it } from 'vitest';
import { urlHost } from './url-host.ts';

describe('urlHost', () => {
  it.each([
    { host: '127.0.0.1', url: 'http://127.0.0.1:80' },
    { host: 'hub.example', url: 'http://hub.example:80' },
    { host: '0.0.0.0', url: 'http://127.0.0.1:80' },
    { host: '::', url: 'http://[::1]:80' },
    { host: 'fe80::1', url: 'http://[fe80::1]:80' },
  ])('makes a URL of this machine from $host', ({ host, url }) => {
    expect(`http://${urlHost(host)}:80`).toBe(url);
    expect(new URL(url)).toBeInstanceOf(URL);
  });
});
