const reachable: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The address to listen on as it stands in a URL for this machine. */
export function urlHost(host: string): string {
  const address = reachable[host] ?? host;
  return address.includes(':') ? `[${address}]` : address;
}
