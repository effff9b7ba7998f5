"""Student mistakes in hand-written gradients: a second corpus, written apart and not looked at before the diagnosis met it.

Each entry of C: (name, f, p, right, wrong): a loss f(p) of one array, the point, the right gradient function and a wrong one.
ACCEPTED[name] (full name): kinds of diagnosis that count as naming the mistake.
Names PAIRn hold two slips at once (ACCEPTED lists the kinds of either); entries accepting only "unknown" fit no kind.
"""
import numpy as np
rng=np.random.default_rng(90210)
R=lambda *s: rng.normal(size=s)
U=lambda a,b,*s: rng.uniform(a,b,size=s)
sig=lambda z:1/(1+np.exp(-z))
def softmax(z,ax=-1):
    e=np.exp(z-z.max(axis=ax,keepdims=True)); return e/e.sum(axis=ax,keepdims=True)
C=[]; ACCEPTED={}
def add(name,f,p,right,wrong,acc):
    if not name.startswith('PAIR'): name=f'B{1+sum(c[0][0]=="B" for c in C):03d} {name}'
    assert name not in ACCEPTED
    C.append((name,f,p,right,wrong)); ACCEPTED[name]=acc.split()
N,D,H,K=6,5,4,3
X=R(N,D); W=R(D,K); w=R(D); b=R(K); T=R(N,K); t=R(N)
y=np.array([2,0,1,1,2,0]); Y=np.eye(K)[y]; yb=np.array([1.,0,0,1,0,1]); ypm=2*yb-1; ar=np.arange(N)
G=R(N,K); Z=R(N,K); g=R(N); x=R(N); q=U(.8,2,N); lam=.35
# ---------------------------------------------------------------- least squares, regularisation
ridge=lambda w:((X@w-t)**2).sum()/(2*N)+lam/(2*N)*(w*w).sum()
ridge_ok=lambda w:(X.T@(X@w-t)+lam*w)/N
add("ridge: penalty subtracted (weight decay copied from the update rule)",ridge,w,ridge_ok,lambda w:(X.T@(X@w-t)-lam*w)/N,"sign")
add("ridge: lambda term not divided by m",ridge,w,ridge_ok,lambda w:X.T@(X@w-t)/N+lam*w,"factor precedence missing-factor")
add("ridge: regularisation in the cost but not in the gradient",ridge,w,ridge_ok,lambda w:X.T@(X@w-t)/N,"missing-path")
lam0=2.5
ls0=lambda w:((X@w-t)**2).sum()/(2*N)+lam0/(2*N)*(w[1:]**2).sum()
def ls0_ok(w): r=lam0*w; r[0]=0; return (X.T@(X@w-t)+r)/N
add("intercept theta_0 regularised too",ls0,w,ls0_ok,lambda w:(X.T@(X@w-t)+lam0*w)/N,"extra-path wrong-index wrong-branch")
half=lambda w:((X@w-t)**2).sum()/(2*N)
add("1/2*m for 1/(2*m)",half,w,lambda w:X.T@(X@w-t)/N,lambda w:2*X.T@(X@w-t)/2*N,"precedence factor")
add("residual written y - h",half,w,lambda w:X.T@(X@w-t)/N,lambda w:X.T@(t-X@w)/N,"sign swapped")
add("error summed before multiplying by the features",half,w,lambda w:X.T@(X@w-t)/N,lambda w:(X@w-t).sum()*X.sum(0)/N,"missing-sum wrong-axis precedence wrong-value unknown")
w0=R(D)
add("theta updated in the loop: residual from the old theta",half,w,lambda w:X.T@(X@w-t)/N,lambda w:X.T@(X@w0-t)/N,"stale-value wrong-value")
lasso=lambda W:((X@W-T)**2).mean()+lam*np.abs(W).sum()
add("L1 penalty differentiated as lam*W",lasso,W,lambda W:2*X.T@(X@W-T)/T.size+lam*np.sign(W),lambda W:2*X.T@(X@W-T)/T.size+lam*W,"wrong-local-derivative wrong-function wrong-value")
add("L1 penalty: sign(W) left out",lasso,W,lambda W:2*X.T@(X@W-T)/T.size+lam*np.sign(W),lambda W:2*X.T@(X@W-T)/T.size+lam,"missing-factor wrong-local-derivative wrong-branch")
al=.2
add("elastic net: alpha and 1-alpha exchanged",lambda w:al*np.abs(w).sum()+(1-al)*.5*(w*w).sum(),w,lambda w:al*np.sign(w)+(1-al)*w,lambda w:(1-al)*np.sign(w)+al*w,"swapped factor wrong-value")
rmse=lambda w:np.sqrt(((X@w-t)**2).mean())
add("RMSE: gradient of half the MSE (root forgotten)",rmse,w,lambda w:X.T@(X@w-t)/N/rmse(w),lambda w:X.T@(X@w-t)/N,"missing-factor wrong-function factor")
sw=U(.3,2,N)
add("weighted least squares: weights left out of the gradient",lambda w:(sw*(X@w-t)**2).sum(),w,lambda w:2*X.T@(sw*(X@w-t)),lambda w:2*X.T@(X@w-t),"missing-factor missing-cotangent")
add("weighted least squares: weights applied twice",lambda w:(sw*(X@w-t)**2).sum(),w,lambda w:2*X.T@(sw*(X@w-t)),lambda w:2*(X.T*sw)@(sw*(X@w-t)),"extra-factor repeated-cotangent")
mae=lambda w:np.abs(X@w-t).mean()
add("MAE with the MSE residual",mae,w,lambda w:X.T@np.sign(X@w-t)/N,lambda w:X.T@(X@w-t)/N,"wrong-local-derivative wrong-function wrong-value missing-factor")
dl=.9
def hub(r): a=np.abs(r); return np.where(a<dl,.5*r*r,dl*(a-.5*dl))
add("Huber: branches exchanged",lambda w:hub(X@w-t).sum(),w,lambda w:(lambda r:X.T@np.where(np.abs(r)<dl,r,dl*np.sign(r)))(X@w-t),lambda w:(lambda r:X.T@np.where(np.abs(r)>dl,r,dl*np.sign(r)))(X@w-t),"wrong-branch swapped")
add("Huber: sign forgotten in the linear part",lambda w:hub(X@w-t).sum(),w,lambda w:(lambda r:X.T@np.where(np.abs(r)<dl,r,dl*np.sign(r)))(X@w-t),lambda w:(lambda r:X.T@np.where(np.abs(r)<dl,r,dl))(X@w-t),"missing-factor wrong-local-derivative wrong-branch sign")
add("log-cosh: 1/cosh (inner sinh forgotten)",lambda w:np.log(np.cosh(X@w-t)).sum(),w,lambda w:X.T@np.tanh(X@w-t),lambda w:X.T@(1/np.cosh(X@w-t)),"missing-factor wrong-local-derivative")
# ---------------------------------------------------------------- logistic regression
bce=lambda w:-(yb*np.log(sig(X@w))+(1-yb)*np.log(1-sig(X@w))).mean()
bce_ok=lambda w:X.T@(sig(X@w)-yb)/N
add("log loss: extra sigmoid' from the MSE recipe",bce,w,bce_ok,lambda w:(lambda a:X.T@((a-yb)*a*(1-a))/N)(sig(X@w)),"extra-factor wrong-function")
add("log loss: only the y=1 term",bce,w,bce_ok,lambda w:-X.T@(yb*(1-sig(X@w)))/N,"missing-path")
add("log loss: dL/da passed on without da/dz",bce,w,bce_ok,lambda w:(lambda a:X.T@((1-yb)/(1-a)-yb/a)/N)(sig(X@w)),"missing-factor")
add("log loss: minus lost inside log(1-a)",bce,w,bce_ok,lambda w:(lambda a:X.T@(a*(1-a)*(-yb/a-(1-yb)/(1-a)))/N)(sig(X@w)),"sign")
add("log loss: thresholded prediction in place of the probability",bce,w,bce_ok,lambda w:X.T@((sig(X@w)>.5)-yb)/N,"wrong-value wrong-branch wrong-function wrong-local-derivative")
lpm=lambda w:np.log(1+np.exp(-ypm*(X@w))).mean()
add("log(1+exp(-yz)): sigmoid(yz) for sigmoid(-yz)",lpm,w,lambda w:-X.T@(ypm*sig(-ypm*(X@w)))/N,lambda w:-X.T@(ypm*sig(ypm*(X@w)))/N,"sign wrong-local-derivative wrong-value")
add("log(1+exp(-yz)): label not multiplied",lpm,w,lambda w:-X.T@(ypm*sig(-ypm*(X@w)))/N,lambda w:-X.T@sig(-ypm*(X@w))/N,"missing-factor missing-cotangent")
pw=3.
add("pos_weight multiplied onto both classes",lambda w:-(pw*yb*np.log(sig(X@w))+(1-yb)*np.log(1-sig(X@w))).sum(),w,lambda w:(lambda a:X.T@(-pw*yb*(1-a)+(1-yb)*a))(sig(X@w)),lambda w:X.T@(pw*(sig(X@w)-yb)),"factor extra-factor wrong-branch precedence wrong-value")
ys=.9*yb+.05
add("label smoothing: gradient with the hard labels",lambda w:-(ys*np.log(sig(X@w))+(1-ys)*np.log(1-sig(X@w))).sum(),w,lambda w:X.T@(sig(X@w)-ys),lambda w:X.T@(sig(X@w)-yb),"wrong-value wrong-function stale-value")
add("focal loss: (1-p)^2 treated as a constant",lambda z:-((1-sig(z))**2*np.log(sig(z))).sum(),x,lambda z:(lambda a:2*a*(1-a)**2*np.log(a)-(1-a)**3)(sig(z)),lambda z:-(1-sig(z))**3,"missing-path")
# ---------------------------------------------------------------- SVM
bh=lambda w:np.maximum(0,1-ypm*(X@w)).mean()
bh_ok=lambda w:-X.T@(ypm*(ypm*(X@w)<1))/N
add("binary hinge: mask inverted",bh,w,bh_ok,lambda w:-X.T@(ypm*(ypm*(X@w)>1))/N,"wrong-branch")
add("binary hinge: mask y*z<0 (margin forgotten)",bh,.3*w,bh_ok,lambda w:-X.T@(ypm*(ypm*(X@w)<0))/N,"wrong-branch")
add("binary hinge: no mask",bh,w,bh_ok,lambda w:-X.T@ypm/N,"wrong-branch missing-factor")
sh=lambda w:(np.maximum(0,1-ypm*(X@w))**2).mean()
add("squared hinge: gradient of the plain hinge",sh,w,lambda w:-2*X.T@(ypm*np.maximum(0,1-ypm*(X@w)))/N,lambda w:bh_ok(w),"missing-factor wrong-function wrong-local-derivative")
Cs=4.
add("soft margin: C on the weights, not on the hinge",lambda w:.5*(w*w).sum()+Cs*np.maximum(0,1-ypm*(X@w)).mean(),w,lambda w:w+Cs*bh_ok(w),lambda w:Cs*w+bh_ok(w),"swapped factor wrong-value")
def marg(W): S=X@W; M=(S-S[ar,y][:,None]+1>0)*1.; M[ar,y]=0; return M
mcs=lambda W:(lambda S:(np.maximum(0,S-S[ar,y][:,None]+1)*(1-Y)).sum()/N)(X@W)
def mcs_ok(W,s=-1): M=marg(W); M[ar,y]=s*M.sum(1); return X.T@M/N
add("multiclass SVM: plus for the correct class",mcs,W,mcs_ok,lambda W:mcs_ok(W,1),"sign")
add("multiclass SVM: dW not divided by num_train",mcs,W,mcs_ok,lambda W:N*mcs_ok(W),"factor missing-factor")
def svm_self(W): M=marg(W); M[ar,y]=-M.sum(1)-1; return X.T@M/N
add("multiclass SVM: correct class counted among its own violations",mcs,W,mcs_ok,svm_self,"extra-path wrong-branch wrong-index wrong-value")
def svm_loop(W):
    dW=np.zeros_like(W); M=marg(W)
    for i in range(N):
        for j in range(K):
            if M[i,j]: dW[:,j]+=X[i]; dW[:,y[i]]-=X[j]
    return dW/N
add("multiclass SVM loop: X[j] for X[i]",mcs,W,mcs_ok,svm_loop,"wrong-index wrong-value")
# ---------------------------------------------------------------- softmax
sm=lambda z:(G*softmax(z)).sum()
sm_ok=lambda z:softmax(z)*(G-(G*softmax(z)).sum(1,keepdims=True))
add("softmax derivative s*(1-s): only the diagonal",sm,Z,sm_ok,lambda z:G*softmax(z)*(1-softmax(z)),"missing-path wrong-local-derivative")
add("softmax backward: sum over axis 0",sm,Z,sm_ok,lambda z:softmax(z)*(G-(G*softmax(z)).sum(0,keepdims=True)),"wrong-axis")
Zs=R(4,4); Gs=R(4,4)
add("softmax backward: keepdims forgotten (square)",lambda z:(Gs*softmax(z)).sum(),Zs,lambda z:softmax(z)*(Gs-(Gs*softmax(z)).sum(1,keepdims=True)),lambda z:softmax(z)*(Gs-(Gs*softmax(z)).sum(1)),"wrong-axis transposed")
add("softmax backward: outer s not multiplied",sm,Z,sm_ok,lambda z:G-(G*softmax(z)).sum(1,keepdims=True),"missing-factor")
ce=lambda z:-np.log(softmax(z)[ar,y]).mean()
ce_ok=lambda z:(softmax(z)-Y)/N
add("cross entropy: one-based labels",ce,Z,ce_ok,lambda z:(softmax(z)-np.eye(K)[y-1])/N,"wrong-index wrong-value")
add("cross entropy: softmax over the whole batch",ce,Z,ce_ok,lambda z:(np.exp(z)/np.exp(z).sum()-Y)/N,"wrong-axis wrong-value")
add("cross entropy: divided by N*K",ce,Z,ce_ok,lambda z:(softmax(z)-Y)/Y.size,"factor")
add("cross entropy: -Y/p returned for the logits",ce,Z,ce_ok,lambda z:-Y/softmax(z)/N,"missing-factor wrong-function")
tau=2.5
add("temperature: multiplied instead of divided",lambda z:-np.log(softmax(z/tau)[ar,y]).sum(),Z,lambda z:(softmax(z/tau)-Y)/tau,lambda z:(softmax(z/tau)-Y)*tau,"factor")
add("temperature: softmax of the unscaled logits",lambda z:-np.log(softmax(z/tau)[ar,y]).sum(),Z,lambda z:(softmax(z/tau)-Y)/tau,lambda z:(softmax(z)-Y)/tau,"wrong-value stale-value missing-factor")
lsm=lambda z:(G*(z-np.log(np.exp(z).sum(1,keepdims=True)))).sum()
lsm_ok=lambda z:G-softmax(z)*G.sum(1,keepdims=True)
add("log-softmax: G - p*G, sum forgotten",lsm,Z,lsm_ok,lambda z:G-softmax(z)*G,"missing-sum")
add("soft counts: p - T although the rows of T do not sum to one",lambda z:-(np.abs(T)*np.log(softmax(z))).sum(),Z,lambda z:softmax(z)*np.abs(T).sum(1,keepdims=True)-np.abs(T),lambda z:softmax(z)-np.abs(T),"missing-factor missing-sum missing-cotangent wrong-value factor")
lse=lambda z:np.log(np.exp(z).sum(1)).sum()
add("logsumexp: exp(z) without the normaliser",lse,Z,lambda z:softmax(z),lambda z:np.exp(z),"missing-factor wrong-local-derivative")
add("logsumexp: the subtracted max differentiated, its return path not",lse,Z,lambda z:softmax(z),lambda z:softmax(z)-np.eye(K)[z.argmax(1)],"extra-path missing-path")
qb=U(.1,.35,N)
add("entropy -sum a log a: second term with the wrong sign",lambda a:-(a*np.log(a)).sum(),qb,lambda a:-np.log(a)-1,lambda a:-np.log(a)+1,"sign")
add("KL(a||c): only log(a/c)",lambda a:(a*np.log(a/q)).sum(),qb,lambda a:np.log(a/q)+1,lambda a:np.log(a/q),"missing-path")
# ---------------------------------------------------------------- activations
sg=lambda z:(G*sig(z)).sum()
add("sigmoid' helper fed the activation: sig(a)*(1-sig(a))",sg,Z,lambda z:G*sig(z)*(1-sig(z)),lambda z:(lambda a:G*sig(a)*(1-sig(a)))(sig(z)),"wrong-local-derivative wrong-value")
add("sigmoid' without brackets: s*1-s",sg,Z,lambda z:G*sig(z)*(1-sig(z)),lambda z:G*sig(z)*1-sig(z),"precedence wrong-local-derivative missing-cotangent")
add("sigmoid': exp(-z)/(1+exp(-z)), square forgotten",sg,Z,lambda z:G*sig(z)*(1-sig(z)),lambda z:G*np.exp(-z)/(1+np.exp(-z)),"wrong-local-derivative missing-factor")
add("sigmoid: upstream gradient not multiplied",sg,Z,lambda z:G*sig(z)*(1-sig(z)),lambda z:sig(z)*(1-sig(z)),"missing-cotangent")
th=lambda z:(G*np.tanh(z)).sum()
th_ok=lambda z:G*(1-np.tanh(z)**2)
add("tanh' = 1 - z**2 with the pre-activation",th,Z,th_ok,lambda z:G*(1-z**2),"wrong-local-derivative wrong-value")
add("tanh' = 1 - tanh, square forgotten",th,Z,th_ok,lambda z:G*(1-np.tanh(z)),"wrong-local-derivative")
add("tanh' with the cotangent inside the square",th,Z,th_ok,lambda z:G*(1-(G*np.tanh(z))**2),"repeated-cotangent wrong-local-derivative precedence wrong-value")
add("tanh with the sigmoid derivative a*(1-a)",th,Z,th_ok,lambda z:G*np.tanh(z)*(1-np.tanh(z)),"wrong-local-derivative wrong-function")
rl=lambda z:(G*np.maximum(z,0)).sum()
add("ReLU backward multiplies by relu(z)",rl,Z,lambda z:G*(z>0),lambda z:G*np.maximum(z,0),"wrong-local-derivative wrong-branch extra-factor")
add("ReLU backward: maximum(dout,0) masked by z",rl,Z,lambda z:G*(z>0),lambda z:np.maximum(G,0)*(z>0),"wrong-branch wrong-local-derivative extra-factor")
lk=lambda z:(G*np.where(z>0,z,.2*z)).sum()
add("leaky ReLU: zero on the negative side",lk,Z,lambda z:G*np.where(z>0,1,.2),lambda z:G*(z>0),"wrong-branch wrong-local-derivative missing-path")
ap=U(.2,.6,K)
add("PReLU slope: summed over the positive side",lambda a:(G*np.where(Z>0,Z,a*Z)).sum(),ap,lambda a:(G*Z*(Z<0)).sum(0),lambda a:(G*Z*(Z>0)).sum(0),"wrong-branch")
elu=lambda z:np.where(z>0,z,1.3*(np.exp(z)-1))
add("ELU: negative side returns the output",lambda z:(G*elu(z)).sum(),Z,lambda z:G*np.where(z>0,1,1.3*np.exp(z)),lambda z:G*np.where(z>0,1,elu(z)),"wrong-local-derivative wrong-value missing-path wrong-branch")
add("softplus' = 1/(1+exp(z))",lambda z:(G*np.log(1+np.exp(z))).sum(),Z,lambda z:G*sig(z),lambda z:G/(1+np.exp(z)),"wrong-local-derivative sign wrong-value")
add("swish: product rule, only sigmoid(z)",lambda z:(G*z*sig(z)).sum(),Z,lambda z:G*(sig(z)+z*sig(z)*(1-sig(z))),lambda z:G*sig(z),"missing-path")
add("softsign: denominator not squared",lambda z:(G*z/(1+np.abs(z))).sum(),Z,lambda z:G/(1+np.abs(z))**2,lambda z:G/(1+np.abs(z)),"wrong-local-derivative missing-factor missing-path")
gc=np.sqrt(2/np.pi); gu=lambda z:gc*(z+.044715*z**3)
add("GELU (tanh): inner cubic derivative forgotten",lambda z:(G*.5*z*(1+np.tanh(gu(z)))).sum(),Z,lambda z:G*(.5*(1+np.tanh(gu(z)))+.5*z*(1-np.tanh(gu(z))**2)*gc*(1+3*.044715*z**2)),lambda z:G*(.5*(1+np.tanh(gu(z)))+.5*z*(1-np.tanh(gu(z))**2)*gc),"missing-path missing-factor")
add("clip: lower bound forgotten in the mask",lambda z:(G*np.clip(z,-.5,.5)).sum(),Z,lambda z:G*(np.abs(z)<.5),lambda z:G*(z<.5),"wrong-branch")
# ---------------------------------------------------------------- elementary calculus
add("exp by the power rule: x*exp(x-1)",lambda x:(g*np.exp(x)).sum(),x,lambda x:g*np.exp(x),lambda x:g*x*np.exp(x-1),"wrong-local-derivative")
add("2**x: ln 2 forgotten",lambda x:(g*2**x).sum(),x,lambda x:g*2**x*np.log(2),lambda x:g*2**x,"factor missing-factor wrong-local-derivative")
add("exp(-x^2): inner derivative forgotten",lambda x:(g*np.exp(-x**2)).sum(),x,lambda x:-2*g*x*np.exp(-x**2),lambda x:g*np.exp(-x**2),"missing-factor")
add("1/x: minus forgotten",lambda x:(g/x).sum(),q,lambda x:-g/x**2,lambda x:g/x**2,"sign")
add("quotient rule without the squared denominator",lambda x:(g*x/(1+x*x)).sum(),x,lambda x:g*(1-x*x)/(1+x*x)**2,lambda x:g*(1-x*x)/(1+x*x),"missing-factor wrong-local-derivative")
add("cos(3x): 3 forgotten",lambda x:(g*np.cos(3*x)).sum(),x,lambda x:-3*g*np.sin(3*x),lambda x:-g*np.sin(3*x),"factor missing-factor")
add("x^3 -> 3x",lambda x:(g*x**3).sum(),x,lambda x:3*g*x**2,lambda x:3*g*x,"wrong-local-derivative missing-factor")
add("log(1+x^2): derivative of the inside with 1/x^2",lambda x:(g*np.log(1+x*x)).sum(),q,lambda x:g*2*x/(1+x*x),lambda x:g*2*x/x**2,"wrong-local-derivative wrong-value")
add("x/||x||: norm treated as a constant",lambda x:(g*x).sum()/np.sqrt((x*x).sum()),x,lambda x:(lambda n:g/n-(g@x)*x/n**3)(np.sqrt(x@x)),lambda x:g/np.sqrt(x@x),"missing-path")
add("norm: 2x/||x||",lambda x:np.sqrt((x*x).sum()),x,lambda x:x/np.sqrt(x@x),lambda x:2*x/np.sqrt(x@x),"factor")
Sq=R(N,N); Sq=Sq+Sq.T
add("x'Sx with symmetric S: Sx",lambda x:x@Sq@x,x,lambda x:2*Sq@x,lambda x:Sq@x,"factor missing-path")
Al=np.eye(4)*2+.4*R(4,4)
add("log det: inverse not transposed",lambda A:np.log(np.abs(np.linalg.det(A))),Al,lambda A:np.linalg.inv(A).T,lambda A:np.linalg.inv(A),"transposed")
# ---------------------------------------------------------------- linear layers, small nets
bs=R(4)
add("db summed over axis 1 (square batch)",lambda b:(Gs*np.tanh(Zs+b)).sum(),bs,lambda b:(Gs*(1-np.tanh(Zs+b)**2)).sum(0),lambda b:(Gs*(1-np.tanh(Zs+b)**2)).sum(1),"wrong-axis")
add("db averaged where the loss sums",lambda b:.5*((X@W+b-T)**2).sum(),b,lambda b:(X@W+b-T).sum(0),lambda b:(X@W+b-T).mean(0),"factor")
add("db taken from the last sample",lambda b:.5*((X@W+b-T)**2).sum(),b,lambda b:(X@W+b-T).sum(0),lambda b:(X@W+b-T)[-1],"missing-sum wrong-index")
W1=R(D,H)*.6; W2=R(H,K); Wq=R(H,H)*.7; Tq=R(N,H)
net=lambda W:.5*((np.tanh(X@W)@Wq-Tq)**2).sum()
net_ok=lambda W:(lambda h:X.T@((h@Wq-Tq)@Wq.T*(1-h*h)))(np.tanh(X@W))
add("hidden delta through W2, not W2.T (square)",net,W1,net_ok,lambda W:(lambda h:X.T@((h@Wq-Tq)@Wq*(1-h*h)))(np.tanh(X@W)),"transposed")
Wq2=Wq+.3*R(H,H)
add("hidden delta with W2 after its update",net,W1,net_ok,lambda W:(lambda h:X.T@((h@Wq-Tq)@Wq2.T*(1-h*h)))(np.tanh(X@W)),"stale-value wrong-value")
add("hidden delta: derivative taken at the output layer",net,W1,net_ok,lambda W:(lambda h:X.T@((h@Wq-Tq)@Wq.T*(1-(h@Wq)**2)))(np.tanh(X@W)),"wrong-value wrong-local-derivative")
Xs=R(N,H); A=R(H,H)*.6; GH=R(N,H)
add("residual block x+tanh(xA): skip path forgotten",lambda Z:(GH*(Z+np.tanh(Z@A))).sum(),Xs,lambda Z:GH+(GH*(1-np.tanh(Z@A)**2))@A.T,lambda Z:(GH*(1-np.tanh(Z@A)**2))@A.T,"missing-path")
tie=lambda A:.5*((np.tanh(Xs@A)@A.T-Xs)**2).sum()
def tie_ok(A,tr=True):
    h=np.tanh(Xs@A); r=h@A.T-Xs; dec=r.T@h
    return Xs.T@((r@A)*(1-h*h))+(dec if tr else dec.T)
add("tied autoencoder: decoder part added untransposed",tie,A,tie_ok,lambda A:tie_ok(A,False),"transposed")
add("tied autoencoder: encoder part only",tie,A,tie_ok,lambda A:(lambda h:Xs.T@(((h@A.T-Xs)@A)*(1-h*h)))(np.tanh(Xs@A)),"missing-path")
u4=R(4)
add("outer(x,delta) for outer(delta,x)",lambda A:.5*((A@u4-bs)**2).sum(),A,lambda A:np.outer(A@u4-bs,u4),lambda A:np.outer(u4,A@u4-bs),"transposed swapped")
E0=R(7,3); ix=np.array([2,5,2,0,2]); GE=R(5,3)
def emb(E,s):
    d=np.zeros_like(E); v=GE*2*E[ix]
    if s: np.add.at(d,ix,v)
    else: d[ix]+=v
    return d
add("embedding: dW[idx] += d with repeated words",lambda E:(GE*E[ix]**2).sum(),E0,lambda E:emb(E,1),lambda E:emb(E,0),"wrong-index missing-path missing-sum")
pm=np.array([3,0,4,1,5,2])
add("shuffle: the permutation applied again, not undone",lambda x:(g*np.sin(x[pm])).sum(),x,lambda x:g[np.argsort(pm)]*np.cos(x),lambda x:(g*np.cos(x[pm]))[pm],"permuted wrong-index transposed")
# ---------------------------------------------------------------- conv, pool, norm, recurrent
kr=R(3); xs=R(9); gy=R(7)
conv=lambda x:(gy*np.tanh(np.correlate(x,kr,'valid'))).sum()
def conv_ok(x,k=kr,off=0,acc=1):
    d=np.zeros_like(x); u=gy*(1-np.tanh(np.correlate(x,kr,'valid'))**2)
    for i in range(7):
        for j in range(3):
            m=(i+j+off)%9; d[m]=acc*d[m]+u[i]*k[j]
    return d
add("conv input gradient with the kernel flipped",conv,xs,conv_ok,lambda x:conv_ok(x,kr[::-1]),"permuted wrong-index transposed")
add("conv input gradient shifted by one",conv,xs,conv_ok,lambda x:conv_ok(x,off=1),"wrong-index permuted")
x8=R(8); g4=R(4)
add("max pool: gradient to every element of the window",lambda x:(g4*x.reshape(4,2).max(1)).sum(),x8,lambda x:(g4[:,None]*(x.reshape(4,2)==x.reshape(4,2).max(1)[:,None])).ravel(),lambda x:np.repeat(g4,2),"wrong-branch missing-factor extra-path")
bn=lambda x:(G*((x-x.mean(0))/np.sqrt(x.var(0)+1e-3))).sum()
def bn_ok(x): iv=1/np.sqrt(x.var(0)+1e-3); h=(x-x.mean(0))*iv; return iv*(G-G.mean(0)-h*(G*h).mean(0))
add("batchnorm: mean path dropped",bn,Z,bn_ok,lambda x:(lambda iv,h:iv*(G-h*(G*h).mean(0)))(1/np.sqrt(x.var(0)+1e-3),(x-x.mean(0))/np.sqrt(x.var(0)+1e-3)),"missing-path")
gm=U(.5,1.5,K)
add("batchnorm: dgamma with x, not the normalised x",lambda a:(G*np.tanh(a*(Z-Z.mean(0))/Z.std(0))).sum(),gm,lambda a:(lambda h:(G*(1-np.tanh(a*h)**2)*h).sum(0))((Z-Z.mean(0))/Z.std(0)),lambda a:(lambda h:(G*(1-np.tanh(a*h)**2)*Z).sum(0))((Z-Z.mean(0))/Z.std(0)),"wrong-value stale-value")
Ur=R(H,H)*.5; xr=R(3,H); gr=R(H); h0=R(H)
def rnn(A): 
    hs=[h0]
    for s in range(3): hs.append(np.tanh(hs[-1]@A+xr[s]))
    return hs
def rnn_b(A,steps=3,tr=True,sh=0):
    hs=rnn(A); d=gr.copy(); dA=np.zeros_like(A)
    for s in range(2,2-steps,-1):
        u=d*(1-hs[s+1-sh]**2); dA+=np.outer(hs[s],u); d=u@(A.T if tr else A)
    return dA
rn=lambda A:(gr*rnn(A)[-1]).sum()
add("RNN: only the last time step",rn,Ur,rnn_b,lambda A:rnn_b(A,1),"missing-path")
add("RNN: tanh' at h[t-1]",rn,Ur,rnn_b,lambda A:rnn_b(A,sh=1),"wrong-index wrong-value stale-value")
hp=R(N)
gru=lambda z:(g*(sig(z)*hp+(1-sig(z))*np.tanh(t))).sum()
add("GRU: update gate, the 1-z contribution added",gru,x,lambda z:g*(hp-np.tanh(t))*sig(z)*(1-sig(z)),lambda z:g*(hp+np.tanh(t))*sig(z)*(1-sig(z)),"sign")
add("cumsum: backward cumsum not reversed",lambda x:(g*np.sin(np.cumsum(x))).sum(),x,lambda x:np.cumsum((g*np.cos(np.cumsum(x)))[::-1])[::-1],lambda x:np.cumsum(g*np.cos(np.cumsum(x))),"transposed permuted wrong-axis wrong-index")
lv=R(N)*.5
add("VAE KL: exp(logvar) with the wrong sign",lambda l:-.5*(1+l-np.exp(l)).sum(),lv,lambda l:-.5*(1-np.exp(l)),lambda l:-.5*(1+np.exp(l)),"sign")
add("Gaussian NLL in log sigma: log-sigma term not differentiated",lambda s:(s+.5*t**2*np.exp(-2*s)).sum(),lv,lambda s:1-t**2*np.exp(-2*s),lambda s:-t**2*np.exp(-2*s),"missing-path")
# ---------------------------------------------------------------- no kind fits
add("gradient plus noise drawn from a seed made of p",half,w,lambda w:X.T@(X@w-t)/N,lambda w:X.T@(X@w-t)/N+.5*np.random.default_rng(int(1e6*np.abs(w).sum())).normal(size=w.shape),"unknown")
add("gradient plus a fast ripple in p",bce,w,bce_ok,lambda w:bce_ok(w)+.4*np.sin(41*w+7*w[::-1]**2),"unknown")
V1=R(18,11); V2=R(11,18); R18=R(18,18)
add("gradient of an unrelated random network",ce,Z,ce_ok,lambda z:np.sin(np.cos(z.ravel()@V1)@V2).reshape(z.shape),"unknown")
add("ranks of the gradient entries returned",net,W1,net_ok,lambda W:np.argsort(np.argsort(net_ok(W).ravel())).reshape(W.shape)*1.,"unknown")
M9=R(6,6); c9=R(6)
add("gradient of somebody else's loss (random cubic)",lambda x:(g*np.tanh(x)).sum(),x,lambda x:g*(1-np.tanh(x)**2),lambda x:M9@((M9.T@x+c9)**2),"unknown")
add("random matrix mixes the gradient entries",sm,Z,sm_ok,lambda z:(R18@sm_ok(z).ravel()).reshape(z.shape)+np.cos(3*z),"unknown")
# ---------------------------------------------------------------- two slips
add("PAIR1 hidden tanh' forgotten, and W2 not transposed",net,W1,net_ok,lambda W:(lambda h:X.T@((h@Wq-Tq)@Wq))(np.tanh(X@W)),"missing-factor transposed")
add("PAIR2 log loss: y-h, and the mean forgotten",bce,w,bce_ok,lambda w:X.T@(yb-sig(X@w)),"sign swapped factor")
add("PAIR3 ridge: 1/m forgotten in the data term, penalty subtracted",ridge,w,ridge_ok,lambda w:X.T@(X@w-t)-lam*w/N,"factor sign missing-factor")
add("PAIR4 softmax: diagonal only, upstream not multiplied",sm,Z,sm_ok,lambda z:softmax(z)*(1-softmax(z)),"missing-path wrong-local-derivative missing-cotangent")
add("PAIR5 SVM: not averaged, correct class forgotten",mcs,W,mcs_ok,lambda W:X.T@marg(W),"factor missing-path missing-factor")
add("PAIR6 RNN: A for A.T, tanh' at h[t-1]",rn,Ur,rnn_b,lambda A:rnn_b(A,tr=False,sh=1),"transposed wrong-index wrong-value stale-value")
add("PAIR7 conv: = for +=, shifted by one",conv,xs,conv_ok,lambda x:conv_ok(x,off=1,acc=0),"missing-path wrong-index permuted")
add("PAIR8 batchnorm: variance path dropped, sign of the mean path flipped",bn,Z,bn_ok,lambda x:(G+G.mean(0))/np.sqrt(x.var(0)+1e-3),"missing-path sign")
