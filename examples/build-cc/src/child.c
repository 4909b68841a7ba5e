#include <sys/wait.h>
#include <unistd.h>

/* What a child that does nothing else exits with. No WASI has these headers: with a compiler for
   wasm as without one, this is where it ends. */
int child_exits_with(int code)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(code);
    return waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : -1;
}
