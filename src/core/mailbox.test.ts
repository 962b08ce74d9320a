import { describe, expect, it } from 'vitest';
import { Mailbox } from './mailbox.ts';

describe('Mailbox', () => {
  it('runs one task after the other, in the order they were posted', async () => {
    const { mailbox, diary, task } = withDiary();
    const first = Promise.withResolvers<void>();
    const posted = [mailbox.post(task('a', first.promise)), mailbox.post(task('b')), mailbox.post(task('c'))];
    await Promise.resolve();
    expect(diary).toEqual(['a begins']);
    first.resolve();
    await Promise.all(posted);
    expect(diary).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('gives each caller the result of its own task', async () => {
    const mailbox = new Mailbox();
    const results = [mailbox.post(async () => 1), mailbox.post(async () => 'two')];
    expect(await Promise.all(results)).toEqual([1, 'two']);
  });

  it('gives a failure to its caller and goes on', async () => {
    const mailbox = new Mailbox();
    const rejecting = mailbox.post(() => Promise.reject(new Error('rejected')));
    const throwing = mailbox.post(() => {
      throw new Error('thrown');
    });
    await expect(rejecting).rejects.toThrow('rejected');
    await expect(throwing).rejects.toThrow('thrown');
    expect(await mailbox.post(async () => 'alive')).toBe('alive');
  });

  it('never runs a task inside post', async () => {
    const { mailbox, diary, task } = withDiary();
    const posted = mailbox.post(task('a'));
    expect(diary).toEqual([]);
    await posted;
    expect(diary).toEqual(['a begins', 'a ends']);
  });

  it('puts what a task posts behind what waits already', async () => {
    const { mailbox, diary, task } = withDiary();
    let inner: Promise<void> | undefined;
    const outer = mailbox.post(async () => {
      inner = mailbox.post(task('inner'));
    });
    await Promise.all([outer, mailbox.post(task('waiting'))]);
    await inner;
    expect(diary).toEqual(['waiting begins', 'waiting ends', 'inner begins', 'inner ends']);
  });
});

function withDiary() {
  const diary: string[] = [];
  const task =
    (name: string, until: Promise<void> = Promise.resolve()) =>
    async (): Promise<void> => {
      diary.push(`${name} begins`);
      await until;
      diary.push(`${name} ends`);
    };
  return { mailbox: new Mailbox(), diary, task };
}
