// A slot may hold two replicas for a while: the one that leaves and the one in its place.
export function idOf(replica) {
  return `${replica.name}.${replica.attempt}`;
}
