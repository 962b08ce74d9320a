import { describe, expect, it } from 'vitest';
import { readRoute } from './routes.ts';

const paths = { viewersPath: '/viewers', streamersPath: '/streamers/' };

describe('readRoute', () => {
  it.each([
    ['/live/a.flv', { kind: 'flv', stream: 'live/a' }],
    ['/live/a.flv?token=1?2', { kind: 'flv', stream: 'live/a' }],
    ['/a%20b.flv', { kind: 'flv', stream: 'a b' }],
    ['/a%zz.flv', { kind: 'flv', stream: '' }],
    ['/.flv', { kind: 'flv', stream: '' }],
    ['/viewers', { kind: 'viewers', follow: [], images: 'binary' }],
    ['/viewers?images=json&stream=*', { kind: 'viewers', follow: ['*'], images: 'json' }],
    ['/viewers?stream=a&stream=b%2Fc&stream=', { kind: 'viewers', follow: ['a', 'b/c'], images: 'binary' }],
    ['/streamers/door/1', { kind: 'streamer', stream: 'door/1' }],
    ['/streamers/a.flv', { kind: 'streamer', stream: 'a.flv' }],
    ['/streamers/', { kind: 'streamer', stream: '' }],
  ])('reads %s', (target, route) => {
    expect(readRoute(target, paths)).toEqual(route);
  });

  it.each(['/', '/index.html', '/viewers/', '/a.flv/', '*', 'a.flv', undefined])(
    'leaves %s to others',
    (target) => {
      expect(readRoute(target, paths)).toBeUndefined();
    },
  );

  it('knows no streamers where nobody may publish', () => {
    expect(readRoute('/streamers/door', { ...paths, streamersPath: undefined })).toBeUndefined();
  });
});
