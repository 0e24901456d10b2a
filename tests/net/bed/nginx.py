"""nginx: a real HTTP server with static files as endpoint; it also takes uploads (PUT below /up/)."""
import os
import socket

from .wait import until

CONF = """
daemon off;
master_process off;
pid {dir}/pid;
error_log stderr warn;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
    types {{ text/html html; }}
    default_type application/octet-stream;
    access_log off;
    sendfile {sendfile};
    keepalive_timeout 600s;
    keepalive_requests 10000000;
    client_max_body_size 0;
    client_body_temp_path {dir}/tmp;
    proxy_temp_path {dir}/tmp;
    fastcgi_temp_path {dir}/tmp;
    uwsgi_temp_path {dir}/tmp;
    scgi_temp_path {dir}/tmp;
    server {{
        listen {port} backlog=4096;
        listen [::]:{port} backlog=4096;
        root {dir}/www;
        location /up/ {{
            dav_methods PUT;
            create_full_put_path on;
        }}
    }}
}}
"""


class Nginx:
    """files: {name: bytes or a path to link to}. Runs until stop() or the runner's end. sendfile "off": a small
    response leaves in one write, so one that has begun is whole even when nginx is killed."""

    def __init__(self, ns, directory, files, port=8080, sendfile="on"):
        self.ns, self.dir, self.port = ns, directory, port
        self.www = os.path.join(directory, "www")
        os.makedirs(os.path.join(self.www, "up"))
        os.makedirs(os.path.join(directory, "tmp"))
        for name, content in files.items():
            path = os.path.join(self.www, name)
            if isinstance(content, str):
                os.symlink(content, path)
            else:
                with open(path, "wb") as f:
                    f.write(content)
        self.conf = os.path.join(directory, "nginx.conf")
        with open(self.conf, "w") as f:
            f.write(CONF.format(dir=directory, port=port, sendfile=sendfile))
        self.child = None
        self.start()

    def start(self):
        self.child = self.ns.start(["/usr/sbin/nginx", "-e", "stderr", "-p", self.dir, "-c", self.conf])
        until(self._listens, f"nginx in {self.ns.name}; it said {self.child.lines}")

    def _listens(self):
        if not self.child.running():
            raise RuntimeError(f"nginx: {self.child.tail()}")
        with self.ns.socket(socket.AF_INET) as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.child.stop()
