/** Details of a log line. Values are plain data; secrets never go in. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where log lines go. pino, winston and `console` fit after a one-line adapter. */
export interface Logger {
  /** For a developer who looks for something. */
  debug(message: string, fields?: LogFields): void;
  /** Something happened as it should. */
  info(message: string, fields?: LogFields): void;
  /** Something was lost, late or retried; the system goes on. */
  warn(message: string, fields?: LogFields): void;
  /** Somebody has to act. */
  error(message: string, fields?: LogFields): void;
}

/** What a {@link Logger} can do, for checks of options. */
export const logMethods: readonly (keyof Logger)[] = ['debug', 'info', 'warn', 'error'];

/** Drops every line. The default everywhere: a library does not print. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** The same logger, but one that never throws: a full disk under a log file must not end what is logged about. */
export function safeLogger(logger: Logger): Logger {
  const guarded = (level: keyof Logger) => (message: string, fields?: LogFields) => {
    try {
      logger[level](message, fields);
    } catch {} // There is no other place to tell it.
  };
  return { debug: guarded('debug'), info: guarded('info'), warn: guarded('warn'), error: guarded('error') };
}
